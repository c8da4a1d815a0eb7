import { createScript, readNumbers, type SharedStore } from './shared-store.js'

/**
 * ms after which the sockets of a node that stopped renewing its lease (killed) no longer count: its clients come to the
 * other nodes at once, and would be refused as too many until then
 */
const LEASE_MS = 3000
const RENEW_MS = 1000
/** counts written in one script, after the store was down */
const BATCH = 200

/**
 * KEYS: the user's counts by node, this node's lease. ARGV: this node, its count including the new socket, the limit,
 * ms to keep the counts, ms of the lease, the prefix of leases. Returns 1 if there is room, else 0.
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

/** KEYS: users' counts by node. ARGV: this node, ms to keep the counts, a count for each key. */
const WRITE = createScript(`
for i, key in ipairs(KEYS) do
  local count = tonumber(ARGV[i + 2])
  if count > 0 then
    redis.call('HSET', key, ARGV[1], count)
    redis.call('PEXPIRE', key, ARGV[2])
  else redis.call('HDEL', key, ARGV[1]) end
end
return {0}`)

/** KEYS: the lease. ARGV: its ms. Returns 1 if it had not expired, else 0. */
const RENEW = createScript(`
local held = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
return {held}`)

export type UserId = number | string

/**
 * Limits the open sockets of each user, over all nodes. Each node owns one count per user, which it sets and never
 * increments: the next write corrects a lost one. A killed node's counts end with its lease. While the store is down
 * each node limits its own.
 */
export class UserSockets {
  private readonly open = new Map<UserId, number>()
  private readonly timer: NodeJS.Timeout | null = null
  /** users whose count in the store may be wrong */
  private readonly dirty = new Set<UserId>()

  /** @param keepMs how long the store keeps a count that is not written again: longer than any socket is open */
  constructor(
    private readonly node: string,
    private readonly max: number,
    private readonly keepMs: number,
    private readonly store: SharedStore | null,
  ) {
    if (!store) return
    this.timer = setInterval(() => void this.renew(), RENEW_MS)
    this.timer.unref()
  }

  /** Counts a new socket. Returns false, and doesn't count it, at the limit. */
  async reserve(userId: UserId): Promise<boolean> {
    const count = this.count(userId) + 1
    if (count > this.max) return false
    // before the store is asked: concurrent handshakes must not all take the last place
    this.open.set(userId, count)
    if (await this.hasRoom(userId, count)) return true
    this.release(userId)
    return false
  }

  release(userId: UserId): void {
    const left = this.count(userId) - 1
    if (left > 0) this.open.set(userId, left)
    else this.open.delete(userId)
    this.write([userId]).catch(() => {})
  }

  /** the user's sockets on this node */
  count(userId: UserId): number {
    return this.open.get(userId) ?? 0
  }

  close(): void {
    if (this.timer) clearInterval(this.timer)
  }

  private async hasRoom(userId: UserId, count: number): Promise<boolean> {
    const { store, node, max, keepMs } = this
    if (!store) return true
    const keys = [store.nameOf(`sockets:${userId}`), store.nameOf(`node:${node}`)]
    try {
      const args = [node, count, max, keepMs, LEASE_MS, store.nameOf('node:')]
      return readNumbers(await store.run(RESERVE, keys, args), 1)[0] === 1
    } catch {
      this.dirty.add(userId)
      return true
    }
  }

  private async write(userIds: readonly UserId[]): Promise<void> {
    const { store, node, keepMs } = this
    if (!store || userIds.length === 0) return
    const keys = userIds.map((id) => store.nameOf(`sockets:${id}`))
    try {
      await store.run(WRITE, keys, [node, keepMs, ...userIds.map((id) => this.count(id))])
      for (const id of userIds) this.dirty.delete(id)
    } catch (error) {
      for (const id of userIds) this.dirty.add(id)
      throw error
    }
  }

  /** Renews this node's lease, and writes the counts that the store lacks: all of them when the lease had expired. */
  private async renew(): Promise<void> {
    const { store, node } = this
    if (!store) return
    try {
      const [held] = readNumbers(await store.run(RENEW, [store.nameOf(`node:${node}`)], [LEASE_MS]), 1)
      if (held !== 1) for (const id of this.open.keys()) this.dirty.add(id)
      const users = [...this.dirty]
      for (let i = 0; i < users.length; i += BATCH) await this.write(users.slice(i, i + BATCH))
    } catch {
      // what is still dirty is written at the next renewal
    }
  }
}
