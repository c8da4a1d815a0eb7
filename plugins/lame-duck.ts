import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** true once the shutdown has begun, while requests and sockets are still accepted */
    leaving: boolean
  }
}

/**
 * The first step of a shutdown: `/readyz` says so, and all goes on for LAME_DUCK_SECONDS, in which load balancers notice.
 * Fastify ends each connection after its response by then, so that proxies keep none for later. Before every plugin that
 * stops something.
 */
export const lameDuckPlugin = fp(
  async (app) => {
    const ms = app.edge.lameDuckSeconds * 1000
    app.decorate('leaving', false)
    app.addHook('preClose', async () => {
      app.leaving = true
      if (ms > 0) await setTimeout(ms)
    })
  },
  { name: 'lame-duck', fastify: '5.x', dependencies: ['edge'] },
)
