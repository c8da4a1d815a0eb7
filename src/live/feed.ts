import type { StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { Tracer } from '../tracing/tracer.js'
import { FeedTraces } from './feed-traces.js'
import { Ring, type Slice } from './ring.js'
import type { SnapshotQueue } from './snapshot-queue.js'
import { type SharedSnapshot, SnapshotSharing } from './snapshot-sharing.js'

/** What a feed needs of its node. */
export interface FeedHost {
  /** records the writing of traced events; null: none */
  readonly tracer: Tracer | null
  readAfter(group: GroupName, after: number, limit: number): Promise<StoredEvent[]>
  readHead(group: GroupName): Promise<number>
  /** whether this node has applied the access changes up to this epoch */
  hasApplied(epoch: number): boolean
  /** Applies the access changes up to this epoch; rejects when the database fails. */
  reachEpoch(epoch: number): Promise<void>
  /** Calls `feed.flush()` at the end of this iteration of the event loop, or later when the group's last flush took long. */
  scheduleFlush(feed: Feed): void
  /** the queue in which this reader waits for a snapshot of the group */
  snapshotQueue(group: GroupName, reader: FeedReader): SnapshotQueue
}

/** What a feed needs of a reader: one connection's membership in the group. */
export interface FeedReader {
  /** seq of the last event written to it */
  readonly position: number
  /** a customer: waits apart from the staff */
  readonly isCustomer: boolean
  /** Writes the events after its position while its socket is writable. */
  pump(): void
  /** Sends the frame now or, if the socket is not writable, a current one once it is. */
  sendPresence(frame: Buffer): void
}

export const RING_EVENTS = 1024
const RING_BYTES = 2 * 1024 * 1024
/** Bytes per write: the memory that a socket that stops reading costs beyond its kernel buffers. */
export const SLICE_BYTES = 64 * 1024
const READ_BATCH = 500
/** out-of-order events that are kept; others are read from the log */
const MAX_OUT_OF_ORDER = 256
/** ms to wait for a missing event before the log is read: publishes of concurrent commits may be reordered */
const REORDER_MS = 10

/**
 * One group on one node: its recent events and its members. Accepts each event exactly once, in order, and only after
 * the access changes committed before it are applied on this node.
 */
export class Feed {
  readonly members = new Set<FeedReader>()
  readonly ring: Ring
  /** the highest seq known to be committed, or announced */
  private announced: number
  private readonly outOfOrder = new Map<number, StoredEvent>()
  private catchingUp: Promise<void> | null = null
  private reorderTimer: NodeJS.Timeout | null = null
  private filling: Promise<void> | null = null
  private readonly snapshots: SnapshotSharing
  private readonly traces: FeedTraces | null
  closed = false

  constructor(
    readonly group: GroupName,
    head: number,
    private readonly host: FeedHost,
  ) {
    this.ring = new Ring(head, RING_EVENTS, RING_BYTES)
    this.announced = head
    this.snapshots = new SnapshotSharing(group, () => this.announced)
    this.traces = host.tracer && new FeedTraces(host.tracer, group)
  }

  get head(): number {
    return this.ring.head
  }

  /**
   * Takes an event from the bus or from a commit on this node. The next one is accepted, a duplicate dropped, an
   * out-of-order one kept until those before it have come.
   */
  receive(event: StoredEvent): void {
    if (event.seq <= this.head || this.closed) return
    this.announced = Math.max(this.announced, event.seq)
    if (event.seq === this.head + 1 && !this.catchingUp && this.host.hasApplied(event.epoch)) {
      this.accept(event)
      if (this.outOfOrder.size > 0) this.acceptOutOfOrder()
      return
    }
    if (this.outOfOrder.size < MAX_OUT_OF_ORDER) this.outOfOrder.set(event.seq, event)
    if (event.seq === this.head + 1) void this.catchUp()
    else this.waitForMissing()
  }

  /** The log has events up to `seq`: reads those missing. Resolves when done or failed; never rejects. */
  async noteHead(seq: number): Promise<void> {
    this.announced = Math.max(this.announced, seq)
    if (this.announced > this.head) await this.catchUp()
  }

  /** The event at `seq` will be read from the log, and belongs to this span. */
  noteTrace(seq: number, trace: string): void {
    if (seq > this.head) this.traces?.announce(seq, trace)
  }

  private waitForMissing(): void {
    if (this.reorderTimer || this.catchingUp) return
    this.reorderTimer = setTimeout(() => {
      this.reorderTimer = null
      if (this.announced > this.head) void this.catchUp()
    }, REORDER_MS)
  }

  private accept(event: StoredEvent): void {
    this.ring.push(event)
    this.traces?.accept(event)
    this.host.scheduleFlush(this)
  }

  private acceptOutOfOrder(): void {
    for (;;) {
      const event = this.outOfOrder.get(this.head + 1)
      if (!event || !this.host.hasApplied(event.epoch)) break
      this.outOfOrder.delete(event.seq)
      this.accept(event)
    }
    for (const seq of this.outOfOrder.keys()) if (seq <= this.head) this.outOfOrder.delete(seq)
    if (this.announced > this.head) this.waitForMissing()
  }

  /** Reads up to `announced`; one run at a time. When the database fails, the next poll tries again. */
  private catchUp(): Promise<void> {
    this.catchingUp ??= this.readMissing().then(
      () => {
        this.catchingUp = null
        if (this.outOfOrder.size > 0) this.acceptOutOfOrder()
      },
      () => {
        this.catchingUp = null
      },
    )
    return this.catchingUp
  }

  private async readMissing(): Promise<void> {
    while (this.announced > this.head && !this.closed) {
      const next = this.outOfOrder.get(this.head + 1)
      const events = next ? [next] : await this.host.readAfter(this.group, this.head, READ_BATCH)
      if (events.length === 0) return this.adoptLogHead()
      // no event is delivered before the access changes committed before it are applied
      await this.host.reachEpoch(Math.max(...events.map((event) => event.epoch)))
      for (const event of events) {
        this.outOfOrder.delete(event.seq)
        if (event.seq <= this.head) continue
        // retention deleted events that this feed never saw: members behind the gap detect it and take a snapshot
        if (event.seq > this.head + 1) this.ring.restart(event.seq - 1)
        this.accept(event)
      }
    }
  }

  /** The announced event was rolled back, or retention deleted it. */
  private async adoptLogHead(): Promise<void> {
    this.announced = await this.host.readHead(this.group)
    if (this.announced <= this.head) {
      this.announced = this.head
      return
    }
    this.ring.restart(this.announced)
    this.host.scheduleFlush(this)
  }

  /** Pumps every member that is behind the head. */
  flush(): void {
    const { head } = this
    const spans = this.traces?.startWrite(this.members.size) ?? []
    for (const member of this.members) if (member.position < head) member.pump()
    for (const span of spans) span.end()
  }

  sliceAfter(position: number): Slice | null {
    return this.ring.sliceAfter(position, SLICE_BYTES)
  }

  /**
   * Reads older events into the ring, as far as it holds them. Concurrent calls share one query, so that a thousand
   * resuming clients cost no more than one.
   */
  fillRing(): Promise<void> {
    this.filling ??= this.readOlder().finally(() => {
      this.filling = null
    })
    return this.filling
  }

  private async readOlder(): Promise<void> {
    const until = this.ring.tail
    const from = Math.max(0, this.head - RING_EVENTS)
    if (until <= from) return
    const events = await this.host.readAfter(this.group, from, until - from)
    await this.host.reachEpoch(Math.max(0, ...events.map((event) => event.epoch)))
    // the ring's tail may have moved meanwhile, and retention may have deleted the oldest: keep the gapless end
    const fitting = events.filter((event) => event.seq <= this.ring.tail)
    let start = fitting.length
    for (let seq = this.ring.tail; start > 0 && fitting[start - 1]?.seq === seq; seq--) start--
    this.ring.prepend(fitting.slice(start))
  }

  /** Null when the reader has left meanwhile. */
  readSnapshot(reader: FeedReader): Promise<SharedSnapshot | null> {
    return this.snapshots.read(reader, this.host.snapshotQueue(this.group, reader))
  }

  /** Removes a member, with the reads that only it waits for. */
  remove(reader: FeedReader): void {
    this.members.delete(reader)
    this.snapshots.leave(reader)
  }

  close(): void {
    this.closed = true
    if (this.reorderTimer) clearTimeout(this.reorderTimer)
    this.outOfOrder.clear()
    this.snapshots.clear()
  }
}
