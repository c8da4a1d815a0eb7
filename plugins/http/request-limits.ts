import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { atMost } from '../../src/concurrency/bounded-cache.js'
import { tooMany } from '../../src/errors.js'
import { addressKey } from '../../src/http/client-address.js'
import { type HitCounter, secondsOf } from '../../src/limits/hit-counter.js'
import { findSeat } from '../../src/seats/seat-queries.js'

const WINDOW_SECONDS = 60

interface Limit {
  /** requests a minute per live session, or per marked device */
  session: number
  /** requests a minute per address, of all who show nothing: a theatre's Wi-Fi is one address */
  address: number
}

/** requests a minute per seat, of customers who have no session yet */
const SEAT_LIMIT = 60

/** The calls that are worth abusing: they insert rows, hash passwords or reach other people. */
const LIMITS: Record<string, Limit> = {
  'POST /api/auth/login': { session: 120, address: 600 },
  'POST /api/auth/guest': { session: 600, address: 600 },
  'POST /api/auth/password': { session: 30, address: 600 },
  'PUT /api/menu-items/:id/picture': { session: 120, address: 600 },
  'POST /api/theatres/:id/staff': { session: 60, address: 600 },
  'PATCH /api/theatres/:id/staff/:userId': { session: 60, address: 600 },
  'POST /api/seats/:seatToken/orders': { session: 240, address: 600 },
  'POST /api/orders/:id/payment': { session: 240, address: 600 },
  'POST /api/push': { session: 120, address: 600 },
  'POST /api/chats/:id/messages': { session: 240, address: 600 },
}

/** seats remembered as existing, for their count only, and ms for which they are */
const MAX_SEATS = 10_000
const SEAT_MS = 600_000

/**
 * Request limits. A stranger at the same address must not keep others out: whoever shows a live session, a seat's token
 * or the mark of a device is counted by that; the address counts for all others. They follow the session look-up: were a
 * signed cookie enough to count by, each expired cookie would be worth a new allowance.
 */
export const requestLimitsPlugin = fp(
  async (app) => {
    if (!app.config.rateLimits) return
    const isSeat = createSeatCheck(app)
    app.addHook('onRoute', (route) => {
      const limit = LIMITS[`${route.method} ${route.url}`]
      if (!limit) return
      const max = (_request: FastifyRequest, key: string) => limitOf(limit, key)
      route.config = { ...route.config, rateLimit: { max, timeWindow: WINDOW_SECONDS * 1000 } }
    })
    const none = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }
    await app.register(rateLimit, {
      global: false,
      store: createStore(app.hitCounter),
      keyGenerator: async (request) => {
        const { method, routeOptions } = request
        return `${await clientOf(app, request, isSeat)} ${method} ${routeOptions.url}`
      },
      errorResponseBuilder: (_request, { ttl }) => tooMany(secondsOf(ttl)),
      addHeaders: none,
      addHeadersOnExceeding: none,
    })
  },
  {
    name: 'request-limits',
    fastify: '5.x',
    dependencies: ['config', 'database', 'session-cookie', 'session', 'hit-counter'],
  },
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

function limitOf({ session, address }: Limit, key: string): number {
  if (key.startsWith('address:')) return address
  return key.startsWith('seat:') ? SEAT_LIMIT : session
}

async function clientOf(
  app: FastifyInstance,
  request: FastifyRequest,
  isSeat: (token: string) => Promise<boolean>,
): Promise<string> {
  if (request.caller) return `session:${request.caller.session.id}`
  const token = seatTokenOf(request)
  if (token !== null && (await isSeat(token))) return `seat:${token}`
  const mark = app.sessionCookie.readMark(request)
  return mark ? `device:${mark.id}` : `address:${addressKey(request.ip)}`
}

/** In the path, or, where it is about no seat, in the query. */
function seatTokenOf({ params, query }: FastifyRequest): string | null {
  const inPath = readText(params, 'seatToken')
  return inPath ?? readText(query, 'seat')
}

function readText(from: unknown, name: string): string | null {
  const value: unknown = typeof from === 'object' && from !== null ? Reflect.get(from, name) : null
  return typeof value === 'string' ? value : null
}

/** Is there a seat with this token? Caches those that exist, so that the database is asked rarely. */
function createSeatCheck({ db }: FastifyInstance): (token: string) => Promise<boolean> {
  const known = new LRUCache<string, true>({ ...atMost(MAX_SEATS), ttl: SEAT_MS })
  return async (token) => {
    if (known.get(token)) return true
    if (!(await findSeat(db, token))) return false
    known.set(token, true)
    return true
  }
}
