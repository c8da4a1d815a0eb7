import { createScript, opaqueKey, readNumbers } from './script.js'
import type { SharedStore } from './shared-store.js'
import { WindowCounter } from './window-counter.js'

/** ms; a client's window begins with its first refusal */
const WINDOW_MS = 10_000
const CHANNEL = 'refused'

/** KEYS: the window, the channel. ARGV: its ms, the limit, the client. Tells all nodes once the limit is reached. */
const ADD = createScript(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
local left = redis.call('PTTL', KEYS[1])
if count == tonumber(ARGV[2]) then redis.call('PUBLISH', KEYS[2], left .. ' ' .. ARGV[3]) end
return {count, left}`)

/**
 * Counts refused handshakes by client. Asking is free: a node answers from its own table, which the other nodes fill
 * when a client has reached the limit there. Only a refusal itself talks to the store.
 */
export class Refusals {
  private readonly windows = new WindowCounter(WINDOW_MS)

  constructor(
    private readonly limit: number,
    private readonly store: SharedStore | null,
  ) {
    store?.listen(store.nameOf(CHANNEL), (message) => {
      const told = /^(\d{1,6}) ([\w-]{22})$/.exec(message)
      if (told?.[1] && told[2]) this.windows.raise(told[2], limit, Number(told[1]))
    })
  }

  /** How long this client is turned away, in ms; 0: it is not. */
  remainingMs(client: string): number {
    const key = opaqueKey(client)
    if (this.windows.count(key) < this.limit) return 0
    return Math.max(1, this.windows.remainingMs(key))
  }

  /** Counts a refusal; resolves when all nodes that can be reached count it. */
  async add(client: string): Promise<void> {
    const key = opaqueKey(client)
    // whoever is turned away already is not counted any further: that is what makes it cheap
    if (this.windows.count(key) >= this.limit) return
    this.windows.add(key)
    if (!this.store) return
    try {
      const keys = [this.store.nameOf(`refusals:${key}`), this.store.nameOf(CHANNEL)]
      const [count = 0, left = 0] = readNumbers(
        await this.store.run(ADD, keys, [WINDOW_MS, this.limit, key]),
        2,
      )
      this.windows.raise(key, count, left)
    } catch {
      // this node's own count stands
    }
  }
}
