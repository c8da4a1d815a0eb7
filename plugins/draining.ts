import { Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once nothing more is accepted */
    draining: boolean
    /** Calls back when `draining` becomes true. */
    onDrain(listener: () => void): void
  }
}

/** ms a busy node waits at most for a moment without new connections before it stops accepting */
const QUIET_WITHIN_MS = 1000
/** ms between looks for such a moment, and ms that a look may take */
const LOOK_EVERY_MS = 2
const LOOK_MS = 0.1

/** The beginning of a shutdown: says so, then stops accepting connections. Who has sockets closes them in a later hook. */
export const drainingPlugin = fp(
  async (app) => {
    app.decorate('draining', false)
    const listeners = new Set<() => void>()
    app.decorate('onDrain', (listener) => void listeners.add(listener))
    app.addHook('preClose', async () => {
      app.draining = true
      for (const listener of listeners) listener()
      await untilQuiet(app.server)
      // accepted requests are finished. Not the HTTP server's own close, which destroys every connection whose first
      // request is still arriving
      Server.prototype.close.call(app.server)
    })
  },
  { name: 'draining', fastify: '5.x' },
)

/**
 * Closing resets connections that the kernel has accepted and Node has not, with the requests on them. So this resolves
 * right after a look at the kernel's queue that found nothing and took no time: in the middle of other work, or of other
 * processes', some would have arrived since. It looks after a sleep, when the scheduler has no reason to interrupt. After
 * `QUIET_WITHIN_MS` it resolves anyway.
 */
async function untilQuiet(server: Server): Promise<void> {
  const giveUpAt = performance.now() + QUIET_WITHIN_MS
  let arrived = 0
  const count = () => void arrived++
  server.on('connection', count)
  for (let isQuiet = false; !isQuiet && performance.now() < giveUpAt; ) {
    await setTimeout(LOOK_EVERY_MS)
    await new Promise((resolve) => setImmediate(resolve))
    arrived = 0
    const startedAt = performance.now()
    await new Promise((resolve) => setImmediate(resolve))
    isQuiet = arrived === 0 && performance.now() - startedAt < LOOK_MS
  }
  server.off('connection', count)
}
