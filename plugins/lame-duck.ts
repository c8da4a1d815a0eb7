import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once the shutdown has begun, while requests and sockets are still accepted */
    shuttingDown: boolean
  }
}

/**
 * The first step of a shutdown: `/readyz` fails, and the node keeps serving for LAME_DUCK_SECONDS so that load balancers
 * notice. Each connection ends after its response by then (http/request-flow), so that proxies keep none for later. Before every
 * plugin that stops something.
 */
export const lameDuckPlugin = fp(
  async (app) => {
    const ms = app.serverConfig.lameDuckSeconds * 1000
    app.decorate('shuttingDown', false)
    app.addHook('preClose', async () => {
      app.shuttingDown = true
      if (ms > 0) await setTimeout(ms)
    })
  },
  { name: 'lame-duck', fastify: '5.x', dependencies: ['server-config'] },
)
