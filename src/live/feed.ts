import type { StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import { Ring, type Slice } from './ring.js'
import { encodeSnapshot } from './socket/frames.js'

/** What a feed needs of its node. */
export interface FeedHost {
  readAfter(group: GroupName, after: number, limit: number): Promise<StoredEvent[]>
  readHead(group: GroupName): Promise<number>
  /** true when the node has applied the changes of rights up to this epoch */
  hasApplied(epoch: number): boolean
  /** Resolves once it has; rejects when the database does not answer. */
  reachEpoch(epoch: number): Promise<void>
  /** Calls `flush` of the feed at the end of this turn of the event loop. */
  scheduleFlush(feed: Feed): void
  readSnapshot(group: GroupName): Promise<SnapshotRow>
}

/** What a feed needs of a reader: one connection in the group. */
export interface FeedReader {
  /** seq of the last event handed over */
  readonly position: number
  /** Writes what it has not got yet, as far as its socket has room. */
  pump(): void
  /** Sends a presence frame now, or the then current one as soon as the socket has room. */
  sendPresence(frame: Buffer): void
}

export interface SnapshotRow {
  seq: number
  epoch: number
  /** JSON text */
  data: string
}

/** A snapshot as all who join within a moment get it: framed once. */
export interface SharedSnapshot {
  seq: number
  epoch: number
  frame: Buffer
}

export const RING_EVENTS = 1024
const RING_BYTES = 2 * 1024 * 1024
/** Bytes of one write: what a socket that stops reading costs beyond its kernel buffers. */
export const SLICE_BYTES = 64 * 1024
const READ_BATCH = 500
/** Events that arrive before their turn and wait for it; beyond, the log is read. */
const MAX_EARLY = 256
/** ms that a missing event is waited for before the log is asked: commits overtake each other on their way */
const OVERTAKEN_MS = 10
/** ms for which a snapshot serves others too, as long as nothing happens */
const SNAPSHOT_SHARED_MS = 250

/**
 * One group on one node: the position up to which events were accepted, the recent ones, and who listens here.
 * Accepts events in order, exactly once, and none before the node knows the rights that precede it.
 */
export class Feed {
  readonly members = new Set<FeedReader>()
  readonly ring: Ring
  /** the furthest position that anybody has told of */
  private announced: number
  private readonly early = new Map<number, StoredEvent>()
  private advancing: Promise<void> | null = null
  private grace: NodeJS.Timeout | null = null
  private filling: Promise<void> | null = null
  /** the last one begun, and how far the log was known to reach then: it is of that position or a later one */
  private snapshot: { at: number; asOf: number; read: Promise<SharedSnapshot> } | null = null
  private nextSnapshot: Promise<SharedSnapshot> | null = null
  closed = false

  constructor(
    readonly group: GroupName,
    head: number,
    private readonly host: FeedHost,
  ) {
    this.ring = new Ring(head, RING_EVENTS, RING_BYTES)
    this.announced = head
  }

  get head(): number {
    return this.ring.head
  }

  /** An event from the bus or from this node's own commit: the next is delivered, a repeat dropped, a later one waits. */
  receive(event: StoredEvent): void {
    if (event.seq <= this.head || this.closed) return
    this.announced = Math.max(this.announced, event.seq)
    if (event.seq === this.head + 1 && !this.advancing && this.host.hasApplied(event.epoch)) {
      this.accept(event)
      if (this.early.size > 0) this.takeEarly()
      return
    }
    if (this.early.size < MAX_EARLY) this.early.set(event.seq, event)
    if (event.seq === this.head + 1) void this.advance()
    else this.waitForOvertaken()
  }

  /** The log is known to reach `seq`: reads what is missing. Resolves when that is done, or has failed. */
  async announce(seq: number): Promise<void> {
    this.announced = Math.max(this.announced, seq)
    if (this.announced > this.head) await this.advance()
  }

  private waitForOvertaken(): void {
    if (this.grace || this.advancing) return
    this.grace = setTimeout(() => {
      this.grace = null
      if (this.announced > this.head) void this.advance()
    }, OVERTAKEN_MS)
  }

  private accept(event: StoredEvent): void {
    this.ring.push(event)
    this.host.scheduleFlush(this)
  }

  private takeEarly(): void {
    for (;;) {
      const event = this.early.get(this.head + 1)
      if (!event || !this.host.hasApplied(event.epoch)) break
      this.early.delete(event.seq)
      this.accept(event)
    }
    if (this.early.size > 0) for (const seq of this.early.keys()) if (seq <= this.head) this.early.delete(seq)
    if (this.announced > this.head) this.waitForOvertaken()
  }

  /** Brings the feed to what was announced. One at a time; gives up when the database fails: the poll comes again. */
  private advance(): Promise<void> {
    this.advancing ??= this.readOn().then(
      () => {
        this.advancing = null
        if (this.early.size > 0) this.takeEarly()
      },
      () => {
        this.advancing = null
      },
    )
    return this.advancing
  }

  private async readOn(): Promise<void> {
    while (this.announced > this.head && !this.closed) {
      const next = this.early.get(this.head + 1)
      const events = next ? [next] : await this.host.readAfter(this.group, this.head, READ_BATCH)
      if (events.length === 0) return this.believeLog()
      // shown to nobody before the changes of rights that precede it are applied here
      await this.host.reachEpoch(Math.max(...events.map((event) => event.epoch)))
      for (const event of events) {
        this.early.delete(event.seq)
        if (event.seq <= this.head) continue
        // the log forgot events that this feed never saw (a node away longer than the retention): members that
        // stand before them find the ring too short, then the log, and take a snapshot
        if (event.seq > this.head + 1) this.ring.restart(event.seq - 1)
        this.accept(event)
      }
    }
  }

  /** Nothing to be read: a message told of what never was committed, or the log has forgotten it all by now. */
  private async believeLog(): Promise<void> {
    this.announced = await this.host.readHead(this.group)
    if (this.announced <= this.head) {
      this.announced = this.head
      return
    }
    this.ring.restart(this.announced)
    this.host.scheduleFlush(this)
  }

  /** Every member that can take it gets what it has not yet. */
  flush(): void {
    const head = this.head
    for (const member of this.members) if (member.position < head) member.pump()
  }

  sliceAfter(position: number): Slice | null {
    return this.ring.sliceAfter(position, SLICE_BYTES)
  }

  /**
   * Reads recent events back into the ring, once for all who ask, so that a thousand clients that resume cost one
   * query. Afterwards positions from `ring.tail` on can be served.
   */
  fillRing(): Promise<void> {
    this.filling ??= this.readBack().finally(() => {
      this.filling = null
    })
    return this.filling
  }

  private async readBack(): Promise<void> {
    const until = this.ring.tail
    const from = Math.max(0, this.head - RING_EVENTS)
    if (until <= from) return
    const events = await this.host.readAfter(this.group, from, until - from)
    await this.host.reachEpoch(Math.max(0, ...events.map((event) => event.epoch)))
    // the ring may have moved on meanwhile, and the log may have forgotten the oldest: keep the gapless end
    const fitting = events.filter((event) => event.seq <= this.ring.tail)
    let start = fitting.length
    for (let seq = this.ring.tail; start > 0 && fitting[start - 1]?.seq === seq; seq--) start--
    this.ring.prepend(fitting.slice(start))
  }

  /**
   * The state as of the furthest position that this node knows of, or later: whoever has heard of a change finds it
   * here. Shared by all who ask within a moment in which nothing happened; who asks while an overtaken one is being
   * read waits for the next, together.
   */
  readSnapshot(): Promise<SharedSnapshot> {
    const last = this.snapshot
    // a read that takes this long may hang: nobody new waits for it
    if (!last || performance.now() - last.at >= SNAPSHOT_SHARED_MS) return this.beginSnapshot()
    if (last.asOf === this.announced) return last.read
    this.nextSnapshot ??= this.beginAfter(last.read)
    return this.nextSnapshot
  }

  private async beginAfter(read: Promise<SharedSnapshot>): Promise<SharedSnapshot> {
    await read.catch(() => {})
    this.nextSnapshot = null
    return await this.beginSnapshot()
  }

  private beginSnapshot(): Promise<SharedSnapshot> {
    const read = this.host
      .readSnapshot(this.group)
      .then(({ seq, epoch, data }) => ({ seq, epoch, frame: encodeSnapshot(this.group, seq, data) }))
    const begun = { at: performance.now(), asOf: this.announced, read }
    this.snapshot = begun
    read.catch(() => {
      if (this.snapshot === begun) this.snapshot = null
    })
    return read
  }

  close(): void {
    this.closed = true
    if (this.grace) clearTimeout(this.grace)
    this.early.clear()
    this.snapshot = null
  }
}
