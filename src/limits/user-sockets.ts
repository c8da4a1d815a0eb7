import { createScript, readNumbers } from './script.js'
import type { SharedStore } from './shared-store.js'

/** ms after which a node that is not heard of any more (killed) has no sockets */
const NODE_LIVES_MS = 15_000
const REFRESH_MS = 5000
/** users told anew in one script, after Redis was away */
const BATCH = 200

/**
 * KEYS: the user's sockets by node, this node's sign of life. ARGV: this node, its number with the new one, the most,
 * ms that the number is kept, ms that a node lives, the prefix of the signs of life. Answers whether there is room.
 */
const RESERVE = createScript(`
redis.call('SET', KEYS[2], 1, 'PX', ARGV[5])
local total = tonumber(ARGV[2])
local counts = redis.call('HGETALL', KEYS[1])
for i = 1, #counts, 2 do
  if counts[i] ~= ARGV[1] then
    if redis.call('EXISTS', ARGV[6] .. counts[i]) == 1 then total = total + tonumber(counts[i + 1])
    else redis.call('HDEL', KEYS[1], counts[i]) end
  end
end
if total > tonumber(ARGV[3]) then return {0} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {1}`)

/** KEYS: users' sockets by node. ARGV: this node, ms that a number is kept, a number for each key. */
const TELL = createScript(`
for i, key in ipairs(KEYS) do
  local count = tonumber(ARGV[i + 2])
  if count > 0 then
    redis.call('HSET', key, ARGV[1], count)
    redis.call('PEXPIRE', key, ARGV[2])
  else redis.call('HDEL', key, ARGV[1]) end
end
return {0}`)

/** KEYS: the sign of life. ARGV: its ms. Answers 1 if it was still there. */
const LIVE = createScript(`
local known = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
return {known}`)

/**
 * How many sockets each user has open, over all nodes. Each node owns its own number: it is set, never added to, so
 * that what got lost is put right by the next telling; a killed node's numbers die with its sign of life. While the
 * store is away each node counts its own.
 */
export class UserSockets {
  private readonly open = new Map<number, number>()
  private readonly timer: NodeJS.Timeout | null = null
  /** users whose number the store may not know rightly */
  private readonly untold = new Set<number>()

  /** @param keptMs how long a number is kept that nobody touches: longer than any socket is open */
  constructor(
    private readonly node: string,
    private readonly max: number,
    private readonly keptMs: number,
    private readonly store: SharedStore | null,
  ) {
    if (!store) return
    this.timer = setInterval(() => void this.refresh(), REFRESH_MS)
    this.timer.unref()
  }

  /** Takes a place; false when there is none. Waits 250 ms for the store at most. */
  async reserve(userId: number): Promise<boolean> {
    const count = (this.open.get(userId) ?? 0) + 1
    if (count > this.max) return false
    // taken before anybody is asked, so that handshakes at once don't all find the same place
    this.open.set(userId, count)
    if (await this.hasRoom(userId, count)) return true
    this.release(userId)
    return false
  }

  release(userId: number): void {
    const left = (this.open.get(userId) ?? 1) - 1
    if (left > 0) this.open.set(userId, left)
    else this.open.delete(userId)
    this.tell([userId]).catch(() => {})
  }

  /** places taken on this node by one user */
  count(userId: number): number {
    return this.open.get(userId) ?? 0
  }

  close(): void {
    if (this.timer) clearInterval(this.timer)
  }

  private async hasRoom(userId: number, count: number): Promise<boolean> {
    const { store, node, max, keptMs } = this
    if (!store) return true
    const keys = [this.keyOf(userId), this.lifeOf(node)]
    try {
      const args = [node, count, max, keptMs, NODE_LIVES_MS, this.lifeOf('')]
      return readNumbers(await store.run(RESERVE, keys, args), 1)[0] === 1
    } catch {
      this.untold.add(userId)
      return true
    }
  }

  private async tell(userIds: readonly number[]): Promise<void> {
    const { store, node, keptMs } = this
    if (!store || userIds.length === 0) return
    try {
      const counts = userIds.map((id) => this.count(id))
      await store.run(
        TELL,
        userIds.map((id) => this.keyOf(id)),
        [node, keptMs, ...counts],
      )
      for (const id of userIds) this.untold.delete(id)
    } catch (error) {
      for (const id of userIds) this.untold.add(id)
      throw error
    }
  }

  /** Shows that this node lives; tells all its numbers to a store that has forgotten them. */
  private async refresh(): Promise<void> {
    const { store, node } = this
    if (!store) return
    try {
      const [known] = readNumbers(await store.run(LIVE, [this.lifeOf(node)], [NODE_LIVES_MS]), 1)
      // it was away, or has started anew: then it knows nothing of this node
      if (known !== 1) for (const id of this.open.keys()) this.untold.add(id)
      const users = [...this.untold]
      for (let i = 0; i < users.length; i += BATCH) await this.tell(users.slice(i, i + BATCH))
    } catch {
      // who was not told of is told of the next time
    }
  }

  private keyOf(userId: number): string {
    return this.store?.nameOf(`sockets:${userId}`) ?? ''
  }

  private lifeOf(node: string): string {
    return this.store?.nameOf(`node:${node}`) ?? ''
  }
}
