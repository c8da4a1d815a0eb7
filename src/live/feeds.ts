import type { EventLog, StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { Bus } from './bus/bus.js'
import { Feed, type FeedHost } from './feed.js'

/** ms that a feed without members is kept: reconnecting clients find its ring */
const IDLE_MS = 1000
/** events that arrive while their feed is being opened; what is beyond is read from the log */
const MAX_EARLY = 256

/** The feeds of one node: opened before a socket is accepted, closed when nobody listens any more. */
export class Feeds {
  readonly byGroup = new Map<GroupName, Feed>()
  private readonly opening = new Map<GroupName, { done: Promise<void>; early: StoredEvent[] }>()
  private readonly idleSince = new Map<Feed, number>()
  private readonly dirty = new Set<Feed>()

  constructor(
    private readonly bus: Bus,
    private readonly log: EventLog,
    private readonly host: Omit<FeedHost, 'scheduleFlush'>,
  ) {}

  /** Makes sure that this node hears these groups. Rejects when the database does not tell where they stand. */
  async prepare(groups: readonly GroupName[]): Promise<void> {
    const missing: GroupName[] = []
    const waits: Promise<void>[] = []
    for (const group of groups) {
      const feed = this.byGroup.get(group)
      if (feed) this.idleSince.delete(feed)
      else {
        const opening = this.opening.get(group)
        if (opening) waits.push(opening.done)
        else missing.push(group)
      }
    }
    if (missing.length > 0) waits.push(this.open(missing))
    if (waits.length > 0) await Promise.all(waits)
  }

  private open(groups: readonly GroupName[]): Promise<void> {
    // subscribed first, read second: what is committed between is announced by one or held by the other
    const opened = Promise.all(groups.map((group) => this.bus.subscribe(group)))
      .then(() => this.log.readHeads(groups))
      .then(({ seqs }) => {
        for (const group of groups) this.add(group, seqs.get(group) ?? 0)
      })
      .catch((error: unknown) => {
        for (const group of groups) this.bus.unsubscribe(group)
        throw error
      })
      .finally(() => {
        for (const group of groups) this.opening.delete(group)
      })
    for (const group of groups) this.opening.set(group, { done: opened, early: [] })
    return opened
  }

  private add(group: GroupName, head: number): void {
    const { host } = this
    const feed = new Feed(group, head, {
      readAfter: (name, after, max) => host.readAfter(name, after, max),
      readHead: (name) => host.readHead(name),
      hasApplied: (epoch) => host.hasApplied(epoch),
      reachEpoch: (epoch) => host.reachEpoch(epoch),
      readSnapshot: (name) => host.readSnapshot(name),
      scheduleFlush: (dirty) => this.scheduleFlush(dirty),
    })
    this.byGroup.set(group, feed)
    for (const event of this.opening.get(group)?.early ?? []) feed.receive(event)
  }

  /** An event, from the bus or from this node's own commit, to whom it concerns here. */
  deliver(event: StoredEvent): void {
    const feed = this.byGroup.get(event.group)
    if (feed) return feed.receive(event)
    const early = this.opening.get(event.group)?.early
    if (early && early.length < MAX_EARLY) early.push(event)
  }

  /** All that comes in one turn of the event loop goes out as one slice, one write per socket. */
  private scheduleFlush(feed: Feed): void {
    if (this.dirty.size === 0) setImmediate(() => this.flush())
    this.dirty.add(feed)
  }

  private flush(): void {
    const feeds = [...this.dirty]
    this.dirty.clear()
    for (const feed of feeds) feed.flush()
  }

  /** Closes those that nobody has listened to for a while; called each second. */
  closeIdle(): void {
    const now = performance.now()
    for (const feed of this.byGroup.values()) {
      if (feed.members.size > 0) this.idleSince.delete(feed)
      else {
        const since = this.idleSince.get(feed)
        if (since === undefined) this.idleSince.set(feed, now)
        else if (now - since >= IDLE_MS) this.close(feed)
      }
    }
  }

  private close(feed: Feed): void {
    feed.close()
    this.byGroup.delete(feed.group)
    this.idleSince.delete(feed)
    this.bus.unsubscribe(feed.group)
  }

  closeAll(): void {
    for (const feed of [...this.byGroup.values()]) this.close(feed)
  }
}
