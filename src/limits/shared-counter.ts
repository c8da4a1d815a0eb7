import type { HitCounter } from './login-throttle.js'
import { createScript, opaqueKey, readNumbers } from './script.js'
import type { SharedStore } from './shared-store.js'

/** KEYS: the window. ARGV: its ms. Answers the count with this hit, and the ms that remain. */
const HIT = createScript(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}`)

const FORGIVE = createScript(`
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return {0}`)

/**
 * Counts for all nodes together. This node counts for itself as well, so that a Redis that goes away, or comes back
 * empty, gives nobody new tries here; while it is away each node counts its own.
 */
export function createSharedCounter(store: SharedStore, local: HitCounter): HitCounter {
  const keyOf = (key: string) => store.nameOf(`hits:${opaqueKey(key)}`)
  return {
    async hit(key, windowSeconds, limit) {
      const here = await local.hit(key, windowSeconds, limit)
      if (!here.allowed) return here
      try {
        const answer = await store.run(HIT, [keyOf(key)], [windowSeconds * 1000])
        const [count = 0, remainingMs = 0] = readNumbers(answer, 2)
        if (count <= limit) return here
        return { allowed: false, retryAfter: Math.max(1, Math.ceil(remainingMs / 1000)) }
      } catch {
        return here
      }
    },
    async forgive(key) {
      await local.forgive(key)
      await store.run(FORGIVE, [keyOf(key)], []).catch(() => {})
    },
  }
}
