import fp from 'fastify-plugin'
import { BACKLOG } from '../src/fastify-instance.js'
import { stopAccepting } from '../src/stop-accepting.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once nothing more is accepted */
    draining: boolean
    /** Calls back when `draining` becomes true. */
    onDrain(listener: () => void): void
  }
}

/** The beginning of a shutdown: says so, then stops accepting connections. Who has sockets closes them in a later hook. */
export const drainingPlugin = fp(
  async (app) => {
    app.decorate('draining', false)
    const listeners = new Set<() => void>()
    app.decorate('onDrain', (listener) => void listeners.add(listener))
    app.addHook('preClose', async () => {
      app.draining = true
      for (const listener of listeners) listener()
      await stopAccepting(app.server, BACKLOG)
    })
  },
  { name: 'draining', fastify: '5.x' },
)
