import { LRUCache } from 'lru-cache'
import type { RateLimiterRedis } from 'rate-limiter-flexible'
import { atMost } from '../concurrency/bounded-cache.js'
import { opaqueKey, type SharedStore } from './shared-store.js'

export interface Hit {
  /** false from the hit after `limit` to the end of the window */
  allowed: boolean
  /** ms to the end of the window */
  remainingMs: number
}

/** Counts hits in fixed windows, each of which begins with its key's first hit. */
export interface HitCounter {
  hit(key: string, windowSeconds: number, limit: number): Promise<Hit>
  /** Takes one hit back. */
  refund(key: string): Promise<void>
}

/** For the header Retry-After: whole seconds, at least 1. */
export const secondsOf = (ms: number) => Math.max(1, Math.ceil(ms / 1000))

/**
 * Above this, the least recently hit keys are evicted: a flood of addresses can't exhaust memory. Keys at half of
 * their limit or beyond have a table of this size for themselves.
 */
const MAX_KEYS = 50_000

/**
 * Counts on this node alone; lost at its restart. Not RateLimiterMemory, which has no bound and a timer per key
 * (docs/decisions/0014-libraries-for-limits-and-queues.md). `now`: ms on a monotonic clock.
 */
export function createLocalCounter({ maxKeys = MAX_KEYS, now = () => performance.now() } = {}): HitCounter {
  const create = () =>
    new LRUCache<string, { count: number }>({ ...atMost(maxKeys), ttlResolution: 0, perf: { now } })
  const windows = create()
  // of their own: else the first hits of many others would evict the window of a client that is over its limit
  const busy = create()
  return {
    async hit(key, windowSeconds, limit) {
      const table = busy.has(key) ? busy : windows
      const window = table.get(key) ?? { count: 0 }
      const ttl = table.getRemainingTTL(key) || windowSeconds * 1000
      window.count++
      if (table === windows && window.count * 2 >= limit) {
        windows.delete(key)
        busy.set(key, window, { ttl })
      } else if (window.count === 1) windows.set(key, window, { ttl })
      return { allowed: window.count <= limit, remainingMs: ttl }
    },
    async refund(key) {
      const window = busy.get(key) ?? windows.get(key)
      if (window && window.count > 0) window.count--
    },
  }
}

/**
 * Counts over all nodes. This node's own count comes first, not as the insurance that takes over when Redis fails: a
 * Redis that goes down, or restarts empty, then allows no new attempts here; and a client over its limit costs
 * Redis nothing.
 */
export function createSharedCounter(
  store: SharedStore,
  limiter: RateLimiterRedis,
  local: HitCounter,
): HitCounter {
  return {
    async hit(key, windowSeconds, limit) {
      const own = await local.hit(key, windowSeconds, limit)
      if (!own.allowed) return own
      const add = () => limiter.penalty(opaqueKey(key), 1, { customDuration: windowSeconds })
      const all = await store.attempt(add).catch(() => null)
      return all && all.consumedPoints > limit ? { allowed: false, remainingMs: all.msBeforeNext } : own
    },
    async refund(key) {
      await local.refund(key)
      // not below zero, where an expired window would begin with attempts to spare
      const takeBack = async () => {
        const all = await limiter.get(opaqueKey(key))
        if (all && all.consumedPoints > 0) await limiter.reward(opaqueKey(key))
      }
      await store.attempt(takeBack).catch(() => {})
    },
  }
}
