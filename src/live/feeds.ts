import type { StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { Bus } from './bus/bus.js'
import { Feed, type FeedHost } from './feed.js'
import { FlushQueue } from './flush-queue.js'
import type { LogReader } from './log-reader.js'

/** ms for which a feed without members is kept, so that reconnecting clients are served from its ring */
const IDLE_MS = 1000
/** events kept while their feed is being opened; others are read from the log */
const MAX_KEPT = 256

interface Opening {
  done: Promise<void>
  /** what came meanwhile: events, and the highest position that was announced */
  events: StoredEvent[]
  announced: number
}

/** The feeds of one node. A feed is opened before a socket of its group is accepted, and closed when it has no members. */
export class Feeds {
  readonly byGroup = new Map<GroupName, Feed>()
  private readonly opening = new Map<GroupName, Opening>()
  private readonly idleSince = new Map<Feed, number>()
  private readonly flushes = new FlushQueue()

  constructor(
    private readonly bus: Bus,
    private readonly log: LogReader,
    private readonly host: Omit<FeedHost, 'scheduleFlush'>,
  ) {}

  /** Opens the feeds of these groups. Rejects when the database does not return their heads. */
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
    // subscribe before reading the heads: an event committed in between is either published or already counted
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
    for (const group of groups) this.opening.set(group, { done: opened, events: [], announced: 0 })
    return opened
  }

  private add(group: GroupName, head: number): void {
    const { host } = this
    const feed = new Feed(group, head, {
      readAfter: (name, after, max) => host.readAfter(name, after, max),
      readHead: (name) => host.readHead(name),
      hasApplied: (epoch) => host.hasApplied(epoch),
      reachEpoch: (epoch) => host.reachEpoch(epoch),
      snapshotQueue: (name, reader) => host.snapshotQueue(name, reader),
      tracer: host.tracer,
      scheduleFlush: (dirty) => this.flushes.schedule(dirty),
    })
    this.byGroup.set(group, feed)
    const opening = this.opening.get(group)
    if (!opening) return
    for (const event of opening.events) feed.receive(event)
    void feed.noteHead(opening.announced)
  }

  /** Passes an event, from the bus or from a commit on this node, to its feed, if there is one. */
  deliver(event: StoredEvent): void {
    const feed = this.byGroup.get(event.group)
    if (feed) return feed.receive(event)
    const kept = this.opening.get(event.group)?.events
    if (kept && kept.length < MAX_KEPT) kept.push(event)
  }

  /** Remembers which span an event that will be read from the log belongs to. */
  noteTrace(group: GroupName, seq: number, trace: string): void {
    this.byGroup.get(group)?.noteTrace(seq, trace)
  }

  /** Reads a group's log up to an announced position, if the group has a feed. */
  noteHead(group: GroupName, seq: number): void {
    const feed = this.byGroup.get(group)
    if (feed) return void feed.noteHead(seq)
    const opening = this.opening.get(group)
    if (opening) opening.announced = Math.max(opening.announced, seq)
  }

  /** Closes feeds that have had no members for `IDLE_MS`; called each second. */
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
    this.flushes.forget(feed)
    this.byGroup.delete(feed.group)
    this.idleSince.delete(feed)
    this.bus.unsubscribe(feed.group)
  }

  closeAll(): void {
    for (const feed of [...this.byGroup.values()]) this.close(feed)
  }
}
