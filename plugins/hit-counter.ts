import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { createLocalCounter, createSharedCounter, type HitCounter } from '../src/limits/hit-counter.js'
import type { SharedStore } from '../src/limits/shared-store.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** counts sign-in attempts, requests and messages: over all nodes with Redis, else on this node */
    hitCounter: HitCounter
    /** counts refused handshakes, apart: a flood of them must not evict the windows of the other counter */
    refusalCounter: HitCounter
    /** counts handshakes by session, apart for the same reason */
    handshakeCounter: HitCounter
  }
}

/** Required, but each hit names its own limit and window. */
const DEFAULTS = { points: 1, duration: 60 }

export interface HitCounterOptions {
  /** where all nodes count together, over this client; without them this node counts alone */
  store: SharedStore | null
  storeClient: Redis | undefined
}

export const hitCounterPlugin = fp<HitCounterOptions>(
  async (app, { store, storeClient }) => {
    const create = (name: string): HitCounter => {
      const local = createLocalCounter()
      if (!store || !storeClient) return local
      const limiter = new RateLimiterRedis({ storeClient, keyPrefix: store.nameOf(name), ...DEFAULTS })
      return createSharedCounter(store, limiter, local)
    }
    app.decorate('hitCounter', create('hits'))
    app.decorate('refusalCounter', create('refusals'))
    app.decorate('handshakeCounter', create('handshakes'))
  },
  { name: 'hit-counter', fastify: '5.x' },
)
