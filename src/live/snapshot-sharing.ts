import type { GroupName } from '../protocol/groups.js'
import type { PendingRead, SnapshotQueue, SnapshotRow } from './snapshot-queue.js'
import { encodeSnapshot } from './socket/frames.js'

/** A snapshot encoded once for all readers that share it. */
export interface SharedSnapshot {
  seq: number
  epoch: number
  frame: Buffer
}

/** ms from the end of a read for which its snapshot is shared if no event follows */
const TTL_MS = 250
/** ms after which a read may be hanging: new readers don't wait for it */
const HANGING_MS = 2000

/** One read of the group's snapshot, for all who wait for it. Its snapshot is of seq `asOf` or later. */
class SharedRead implements PendingRead {
  readonly readers = new Set<object>()
  readonly snapshot: Promise<SharedSnapshot | null>
  asOf = 0
  private beganAt = 0
  private endedAt: number | null = null
  /** Ends the wait of a read that nobody waits for. */
  abandon: () => void = () => {}
  fail: (error: unknown) => void = () => {}
  private resolve: (snapshot: SharedSnapshot | null) => void = () => {}

  constructor(
    readonly group: GroupName,
    private readonly onBegin: (read: SharedRead) => void,
  ) {
    this.snapshot = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.abandon = () => resolve(null)
      this.fail = reject
    })
    // those who wait handle it; there may be none any more
    this.snapshot.catch(() => {})
  }

  /** Whether new readers may share it, if no event follows. */
  get isFresh(): boolean {
    const now = performance.now()
    return this.endedAt === null ? now - this.beganAt < HANGING_MS : now - this.endedAt < TTL_MS
  }

  begin(): void {
    this.beganAt = performance.now()
    this.onBegin(this)
  }

  finish({ seq, epoch, data }: SnapshotRow): void {
    this.endedAt = performance.now()
    this.resolve({ seq, epoch, frame: encodeSnapshot(this.group, seq, data) })
  }
}

/** Shares the reads of one group's snapshot. */
export class SnapshotSharing {
  /** the read that began last */
  private last: SharedRead | null = null
  /** reads that have not begun: at most one in each queue */
  private readonly pending = new Map<SnapshotQueue, SharedRead>()

  constructor(
    private readonly group: GroupName,
    /** the highest seq announced to this node */
    private readonly announced: () => number,
  ) {}

  /**
   * Returns a snapshot at least as new as every event announced to this node, so that a client never sees state older
   * than what it has seen already; null when the reader has left before the read began. Shared while no event follows.
   */
  read(reader: object, queue: SnapshotQueue): Promise<SharedSnapshot | null> {
    const { last } = this
    if (last?.isFresh && last.asOf === this.announced()) return last.snapshot
    const waiting = this.pending.get(queue)
    const read = waiting ?? new SharedRead(this.group, (begun) => this.onBegin(begun, queue))
    read.readers.add(reader)
    if (!waiting) {
      this.pending.set(queue, read)
      queue.add(read)
    }
    return read.snapshot
  }

  private onBegin(read: SharedRead, queue: SnapshotQueue): void {
    this.pending.delete(queue)
    read.asOf = this.announced()
    this.last = read
    read.snapshot.catch(() => {
      if (this.last === read) this.last = null
    })
  }

  /** The reader waits no longer. A read that nobody waits for is dropped. */
  leave(reader: object): void {
    for (const [queue, read] of this.pending) {
      if (!read.readers.delete(reader) || read.readers.size > 0) continue
      this.pending.delete(queue)
      queue.delete(read)
      read.abandon()
    }
  }

  clear(): void {
    this.last = null
  }
}
