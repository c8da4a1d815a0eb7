import { performance } from 'node:perf_hooks'
import type { HitCounter } from './login-throttle.js'

interface Window {
  count: number
  /** ms on the monotonic clock */
  endsAt: number
}

/** Keys held at most; past that those whose windows began first are forgotten. */
const MAX_KEYS = 50_000

/** This node's own count, lost when it restarts. `now`: ms on a clock that never goes back. */
export function createMemoryCounter({ now = () => performance.now(), maxKeys = MAX_KEYS } = {}): HitCounter {
  // a Map keeps the order of insertion, which is that of the windows' beginnings
  const windows = new Map<string, Window>()

  function makeRoom(time: number): void {
    for (const [key, window] of windows) {
      if (window.endsAt > time && windows.size < maxKeys) return
      windows.delete(key)
    }
  }

  return {
    async hit(key, windowSeconds, limit) {
      const time = now()
      let window = windows.get(key)
      if (!window || window.endsAt <= time) {
        windows.delete(key)
        makeRoom(time)
        window = { count: 0, endsAt: time + windowSeconds * 1000 }
        windows.set(key, window)
      }
      window.count += 1
      return {
        allowed: window.count <= limit,
        retryAfter: Math.max(1, Math.ceil((window.endsAt - time) / 1000)),
      }
    },
    async forgive(key) {
      const window = windows.get(key)
      if (window && window.count > 0) window.count -= 1
    },
  }
}
