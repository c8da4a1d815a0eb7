// @ts-check
// Measured processes run plain JavaScript: tsx adds a function call to each closure, which would cost more CPU than some
// of the measured work.

/**
 * What a measured process tells its parent once it listens.
 *
 * @typedef {object} Listening
 * @property {number} port
 */

/** @typedef {{ do: 'usage' } | { do: 'close' }} Command */

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
  const reply = (/** @type {Listening | Usage} */ message) => process.send?.(message)
  process.on('message', async (/** @type {Command} */ command) => {
    if (command.do === 'usage') return reply(usage())
    await close()
    process.exit(0)
  })
  process.on('disconnect', () => process.exit(0))
  reply({ port })
}

/** @returns {Usage} */
function usage() {
  const cpu = cpuMicros()
  // twice: the first collection only clears weak references to some objects
  for (let i = 0; i < 2; i++) collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  const connections = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  return { cpu, cpuAfter: cpuMicros(), retained: heapUsed + external, rss, connections }
}

/** `last-resort` gives unused pages of the heap back, so that `rss` says what is in use. */
function collect() {
  const { gc } = globalThis
  if (gc) Reflect.apply(gc, undefined, [{ type: 'major', execution: 'sync', flavor: 'last-resort' }])
}

function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}
