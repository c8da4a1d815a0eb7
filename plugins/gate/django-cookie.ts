import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { atMost } from '../../src/concurrency/bounded-cache.js'
import { isSessionKey, type LiveSession } from '../../src/gate/session-reader.js'
import { readOnlyCookie } from '../../src/http/signed-cookie.js'
import { pseudonym } from '../../src/logging.js'

declare module 'fastify' {
  interface FastifyInstance {
    djangoCookie: DjangoCookie
  }
  interface FastifyRequest {
    /** the live session of a handshake; null before the look-up and without one */
    djangoSession: LiveSession | null
    /** the look-up is done */
    isLookedUp: boolean
  }
}

export interface DjangoCookie {
  /** The session's key in the request's only cookie of the name; null without one. */
  keyOf(request: FastifyRequest): string | null
  /** Remembers the session as one that was live. */
  prove(key: string): void
  /** Names the client of a session that was live, for limits. */
  clientOf(request: FastifyRequest): string | null
  /** May the request be of a session that is not known yet? Bounded, so that invented keys cost little. */
  mayHoldSession(request: FastifyRequest): boolean
}

/** sessions remembered as live once; beyond, those unused for longest are forgotten */
const MAX_PROVEN = 50_000
/** look-ups a second for unknown keys from blocked addresses */
const UNKNOWN_PER_SECOND = 200

/**
 * Django's session cookie. It is not signed, so a key counts as a client of its own, apart from its address, only once
 * it was found in the database.
 */
export const djangoCookiePlugin = fp<{ name: string }>(
  async (app, { name }) => {
    const proven = new LRUCache<string, true>(atMost(MAX_PROVEN))
    let second = 0
    let unknown = 0
    app.decorateRequest('djangoSession', null)
    app.decorateRequest('isLookedUp', false)
    const cookie: DjangoCookie = {
      keyOf({ raw }) {
        const value = readOnlyCookie(raw.headers.cookie, name)
        return value !== null && isSessionKey(value) ? value : null
      },
      prove: (key) => void proven.set(pseudonym(key), true),
      clientOf(request) {
        const key = cookie.keyOf(request)
        return key !== null && proven.has(pseudonym(key)) ? `session ${key}` : null
      },
      mayHoldSession(request) {
        if (request.isLookedUp || cookie.keyOf(request) === null || cookie.clientOf(request) !== null)
          return false
        const now = Math.floor(performance.now() / 1000)
        if (now !== second) unknown = 0
        second = now
        return ++unknown <= UNKNOWN_PER_SECOND
      },
    }
    app.decorate('djangoCookie', cookie)
  },
  { name: 'django-cookie', fastify: '5.x' },
)
