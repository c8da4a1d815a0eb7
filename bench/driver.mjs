// @ts-check
// Plain JavaScript, as all that runs in a measured process: what runs TypeScript as it is names each closure anew,
// and that would weigh more than some of what is measured.

/**
 * What a service under load offers to the bench, which runs it in a process of its own.
 *
 * @typedef {object} Driver
 * @property {string} url
 * @property {string} cookie
 * @property {string | null} protocol the subprotocol to offer; a client that offers one subscribes, too
 * @property {(events: number, data: unknown) => Promise<void>} emit sends `events` to every socket
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {{ do: 'usage' } | { do: 'close' } | { do: 'emit', events: number, bursts: number, data: unknown }} Command
 */

/**
 * @typedef {object} Usage
 * @property {number} cpu µs of CPU, user and system, since the process began, up to this question
 * @property {number} cpuAfter the same once it was answered: a collection is part of the question, not of what is
 *   measured
 * @property {number} held bytes of the heap and of buffers beside it, after a collection: what is held, whatever the
 *   system still lends
 */

/**
 * Runs a driver in a child process and obeys its parent.
 *
 * @param {() => Promise<Driver>} start
 */
export async function serve(start) {
  const driver = await start()
  const tell = (/** @type {unknown} */ message) => process.send?.(message)
  process.on('message', async (/** @type {Command} */ command) => {
    if (command.do === 'usage') tell(usage())
    else if (command.do === 'emit') {
      for (let i = 0; i < command.bursts; i++) await driver.emit(command.events, command.data)
      tell({ emitted: true })
    } else {
      await driver.close()
      process.exit(0)
    }
  })
  tell({ url: driver.url, cookie: driver.cookie, protocol: driver.protocol })
}

/** @returns {Usage} */
function usage() {
  const cpu = cpuMicros()
  // twice: what the first finds weakly held goes with the second
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return { cpu, cpuAfter: cpuMicros(), held: heapUsed + external }
}

function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}
