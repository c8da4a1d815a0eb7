import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { tooMany } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { type HitCounter, secondsOf } from '../../src/limits/hit-counter.js'

const WINDOW_SECONDS = 60

interface Limit {
  /** requests a minute per session */
  session: number
  /** requests a minute per address, without a live session: a theatre's Wi-Fi is one address */
  address: number
}

/** The calls that are worth abusing: they insert rows, hash passwords or reach other people. */
const LIMITS: Record<string, Limit> = {
  'POST /api/auth/login': { session: 120, address: 600 },
  'POST /api/auth/guest': { session: 600, address: 600 },
  'POST /api/auth/password': { session: 30, address: 600 },
  'POST /api/seats/:seatToken/orders': { session: 240, address: 600 },
  'POST /api/orders/:id/payment': { session: 240, address: 600 },
  'POST /api/chats/:id/messages': { session: 240, address: 600 },
}

/**
 * Request limits, per session or, without a live one, per address. They follow the session look-up: were a signed
 * cookie enough to count by, each expired cookie would be worth a new allowance.
 */
export const requestLimitsPlugin = fp(
  async (app) => {
    if (!app.config.rateLimits) return
    app.addHook('onRoute', (route) => {
      const limit = LIMITS[`${route.method} ${route.url}`]
      if (!limit) return
      const max = (request: FastifyRequest) => (request.caller ? limit.session : limit.address)
      route.config = { ...route.config, rateLimit: { max, timeWindow: WINDOW_SECONDS * 1000 } }
    })
    const none = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }
    await app.register(rateLimit, {
      global: false,
      store: createStore(app.hitCounter),
      keyGenerator: keyOf,
      errorResponseBuilder: (_request, { ttl }) => tooMany(secondsOf(ttl)),
      addHeaders: none,
      addHeadersOnExceeding: none,
    })
  },
  { name: 'request-limits', fastify: '5.x', dependencies: ['config', 'session', 'hit-counter'] },
)

/** Adapts the counter to @fastify/rate-limit, whose own Redis store has no fallback and no deadline. */
function createStore(counter: HitCounter): FastifyRateLimitStoreCtor {
  return class CounterStore implements FastifyRateLimitStore {
    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      timeWindow = 0,
      max = 0,
    ): void {
      counter.hit(`request:${key}`, timeWindow / 1000, max).then(
        ({ allowed, remainingMs }) => callback(null, { current: allowed ? 0 : max + 1, ttl: remainingMs }),
        (error: Error) => callback(error),
      )
    }

    // the key names the route
    child(): FastifyRateLimitStore {
      return this
    }
  }
}

function keyOf({ caller, ip, method, routeOptions }: FastifyRequest): string {
  const client = caller ? `session:${caller.session.id}` : `address:${addressKey(ip)}`
  return `${method} ${routeOptions.url} ${client}`
}
