// @ts-check
import { setTimeout } from 'node:timers/promises'

// Measured processes run plain JavaScript: tsx adds a function call to each closure, which would cost more CPU than some
// of the measured work.

/**
 * What a measured process tells its parent once it listens.
 *
 * @typedef {object} Listening
 * @property {number} port
 */

/** @typedef {{ do: 'cpu' } | { do: 'usage' } | { do: 'close' }} Command */

/**
 * @typedef {object} Usage
 * @property {number} cpu µs of CPU, user and system, since the process started
 * @property {number} cpuAfter the same after the garbage collection of this reading: subtract it from the next `cpu`
 * @property {number} retained bytes of the heap and of external buffers, after the garbage collection
 * @property {number} rss bytes of memory that the process has, after the garbage collection
 * @property {number} connections of TCP that Node has open
 */

/**
 * Answers the commands of the parent of this process; without a parent it does nothing.
 *
 * @param {number} port that the process listens on
 * @param {() => Promise<unknown>} close
 */
export function serve(port, close) {
  answerCommands(close)
  reply({ port })
}

const reply = (/** @type {Listening | Usage | { cpu: number }} */ message) => process.send?.(message)

/**
 * The same for a process that says by itself when it listens.
 *
 * @param {() => Promise<unknown>} close
 */
export function answerCommands(close) {
  process.on('message', async (/** @type {Command} */ command) => {
    if (command.do === 'cpu') return reply({ cpu: cpuMicros() })
    if (command.do === 'usage') return reply(await usage())
    await close()
    process.exit(0)
  })
  process.on('disconnect', () => process.exit(0))
}

/** @returns {Promise<Usage>} */
async function usage() {
  const cpu = cpuMicros()
  const { gc } = globalThis
  // Node frees what belongs to a native object, such as a closed socket, in an iteration of the event loop after the
  // collection that found it, and only then can the next collection free the rest.
  for (let i = 0; i < 4; i++) {
    gc?.()
    await setTimeout(10)
  }
  const { heapUsed, external } = process.memoryUsage()
  // gives unused pages of the heap back, so that `rss` says what is in use; alone it frees no closed sockets
  if (gc) Reflect.apply(gc, undefined, [{ type: 'major', execution: 'sync', flavor: 'last-resort' }])
  const connections = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  return {
    cpu,
    cpuAfter: cpuMicros(),
    retained: heapUsed + external,
    rss: process.memoryUsage.rss(),
    connections,
  }
}

function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}
