import { Server } from 'node:net'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once the shutdown has begun */
    draining: boolean
    /** Calls back once the shutdown has begun. */
    onDrain(listener: () => void): void
  }
}

/** ms a busy node waits at most for a moment without new connections before it stops accepting */
const QUIET_WITHIN_MS = 100

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
 * Closing resets connections that the kernel has accepted and Node has not: resolves right after two iterations of the
 * event loop without a new one, or after `QUIET_WITHIN_MS`.
 */
async function untilQuiet(server: Server): Promise<void> {
  const giveUpAt = performance.now() + QUIET_WITHIN_MS
  let arrived = 0
  const count = () => void arrived++
  server.on('connection', count)
  do {
    arrived = 0
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
  } while (arrived > 0 && performance.now() < giveUpAt)
  server.off('connection', count)
}
