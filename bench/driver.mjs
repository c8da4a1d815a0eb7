// @ts-check
// Measured processes run plain JavaScript: tsx adds a function call to each closure, which would cost more CPU than some
// of the measured work.

/**
 * A service under load. The bench runs it in a child process.
 *
 * @typedef {object} Driver
 * @property {string} url
 * @property {string} cookie
 * @property {string | null} protocol 'houselights.v1', 'socket.io', or null for a plain WebSocket
 * @property {(events: number, data: unknown) => Promise<void>} emit sends `events` to every socket
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {{ do: 'usage' } | { do: 'close' } | { do: 'emit', events: number, bursts: number, data: unknown }} Command
 */

/**
 * @typedef {object} Usage
 * @property {number} cpu µs of CPU, user and system, since the process started
 * @property {number} cpuAfter the same after the garbage collection of this reading: subtract it from the next `cpu`
 * @property {number} retained bytes of the heap and of external buffers, after the garbage collection
 */

/**
 * Runs a driver in a child process, on the commands of its parent.
 *
 * @param {() => Promise<Driver>} start
 */
export async function serve(start) {
  const driver = await start()
  const reply = (/** @type {unknown} */ message) => process.send?.(message)
  process.on('message', async (/** @type {Command} */ command) => {
    if (command.do === 'usage') reply(usage())
    else if (command.do === 'emit') {
      for (let i = 0; i < command.bursts; i++) await driver.emit(command.events, command.data)
      reply({ emitted: true })
    } else {
      await driver.close()
      process.exit(0)
    }
  })
  reply({ url: driver.url, cookie: driver.cookie, protocol: driver.protocol })
}

/** @returns {Usage} */
function usage() {
  const cpu = cpuMicros()
  // twice: the first collection only clears weak references to some objects
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return { cpu, cpuAfter: cpuMicros(), retained: heapUsed + external }
}

function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}
