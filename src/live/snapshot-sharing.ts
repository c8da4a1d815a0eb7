import type { GroupName } from '../protocol/groups.js'
import { encodeSnapshot } from './socket/frames.js'

export interface SnapshotRow {
  seq: number
  epoch: number
  /** JSON text */
  data: string
}

/** A snapshot encoded once for all readers that share it. */
export interface SharedSnapshot {
  seq: number
  epoch: number
  frame: Buffer
}

/** ms for which a snapshot is shared if no event follows */
const TTL_MS = 250

/** Shares the reads of one group's snapshot. */
export class SnapshotSharing {
  /** the last read that was started; its snapshot is of seq `asOf` or later */
  private last: { at: number; asOf: number; read: Promise<SharedSnapshot> } | null = null
  private next: Promise<SharedSnapshot> | null = null

  constructor(
    private readonly group: GroupName,
    private readonly readSnapshot: (group: GroupName) => Promise<SnapshotRow>,
    /** the highest seq announced to this node */
    private readonly announced: () => number,
  ) {}

  /**
   * Returns a snapshot at least as new as every event announced to this node, so that a client never sees state older
   * than what it has seen already. Shared while no event follows; callers that come while an outdated one is being
   * read share the next.
   */
  read(): Promise<SharedSnapshot> {
    const { last } = this
    // expired or, if still being read, perhaps hanging: new callers don't wait for it
    if (!last || performance.now() - last.at >= TTL_MS) return this.start()
    if (last.asOf === this.announced()) return last.read
    this.next ??= this.startAfter(last.read)
    return this.next
  }

  private async startAfter(read: Promise<SharedSnapshot>): Promise<SharedSnapshot> {
    await read.catch(() => {})
    this.next = null
    return await this.start()
  }

  private start(): Promise<SharedSnapshot> {
    const read = this.readSnapshot(this.group).then(({ seq, epoch, data }) => ({
      seq,
      epoch,
      frame: encodeSnapshot(this.group, seq, data),
    }))
    const started = { at: performance.now(), asOf: this.announced(), read }
    this.last = started
    read.catch(() => {
      if (this.last === started) this.last = null
    })
    return read
  }

  clear(): void {
    this.last = null
  }
}
