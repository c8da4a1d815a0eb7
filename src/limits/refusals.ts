import { LRUCache } from 'lru-cache'
import { atMost } from '../concurrency/bounded-cache.js'
import type { HitCounter } from './hit-counter.js'
import { opaqueKey } from './shared-store.js'

/** a client's window begins with its first refusal */
const WINDOW_SECONDS = 10
/** blocked clients remembered on this node; beyond, those that stayed away for longest are forgotten */
const MAX_BLOCKED = 50_000

/**
 * Counts refused handshakes per client, and blocks a client that reaches the limit for the rest of its window.
 * `blockedMs` is a look-up in memory; only a refusal is counted over all nodes. So a client that reached the limit on
 * another node gets one more answer here.
 */
export class Refusals {
  private readonly blocked = new LRUCache<string, true>({ ...atMost(MAX_BLOCKED), ttlResolution: 0 })

  constructor(
    private readonly limit: number,
    private readonly counter: HitCounter,
  ) {}

  /** ms for which this client is still blocked, or 0 */
  blockedMs(client: string): number {
    const key = opaqueKey(client)
    // `get`, unlike `getRemainingTTL`, refreshes the position, so that a client that goes on is not evicted
    return this.blocked.get(key) ? Math.max(0, this.blocked.getRemainingTTL(key)) : 0
  }

  /** Counts a refusal. */
  async add(client: string): Promise<void> {
    // one that is blocked is not counted further: that keeps its handshakes cheap
    if (this.blockedMs(client) > 0) return
    const { allowed, remainingMs } = await this.counter.hit(client, WINDOW_SECONDS, this.limit - 1)
    if (!allowed) this.block(client, remainingMs)
  }

  /** Blocks a client on this node, whatever it was refused. */
  block(client: string, ms: number): void {
    this.blocked.set(opaqueKey(client), true, { ttl: Math.max(1, ms) })
  }
}
