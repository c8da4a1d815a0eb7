import fp from 'fastify-plugin'
import type { HitCounter } from '../src/limits/login-throttle.js'
import { createMemoryCounter } from '../src/limits/memory-counter.js'
import { createSharedCounter } from '../src/limits/shared-counter.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** counts tries and requests: for all nodes when there is a Redis, else this node's own */
    hitCounter: HitCounter
  }
}

export default fp(
  async (app) => {
    const local = createMemoryCounter()
    app.decorate('hitCounter', app.sharedStore ? createSharedCounter(app.sharedStore, local) : local)
  },
  { name: 'hit-counter', fastify: '5.x', dependencies: ['shared-store'] },
)
