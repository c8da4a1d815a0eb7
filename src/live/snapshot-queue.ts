import { type GroupName, readGroup } from '../protocol/groups.js'

/** A group's state as of its event `seq` and as of the access epoch. */
export interface SnapshotRow {
  seq: number
  epoch: number
  /** JSON text */
  data: string
}

export type ReadSnapshots = (groups: readonly GroupName[]) => Promise<ReadonlyMap<GroupName, SnapshotRow>>

/** A read of one group's snapshot that waits for its turn. */
export interface PendingRead {
  readonly group: GroupName
  /** Called right before the database is asked. */
  begin(): void
  finish(row: SnapshotRow): void
  fail(error: unknown): void
}

/** Reads snapshots in the order in which they were asked for: several in one transaction when many wait. */
export class SnapshotQueue {
  private readonly pending = new Set<PendingRead>()
  private running = 0

  constructor(
    private readonly readSnapshots: ReadSnapshots,
    private readonly limits: { concurrent: number; batch: number },
  ) {}

  /** reads that have not begun */
  get size(): number {
    return this.pending.size
  }

  add(read: PendingRead): void {
    this.pending.add(read)
    this.startNext()
  }

  /** Nobody waits for it any more. One that has begun is not stopped. */
  delete(read: PendingRead): void {
    this.pending.delete(read)
  }

  private startNext(): void {
    while (this.running < this.limits.concurrent && this.pending.size > 0) {
      const batch: PendingRead[] = []
      for (const read of this.pending) {
        if (batch.push(read) === this.limits.batch) break
      }
      for (const read of batch) this.pending.delete(read)
      this.running++
      void this.run(batch).finally(() => {
        this.running--
        this.startNext()
      })
    }
  }

  private async run(batch: readonly PendingRead[]): Promise<void> {
    for (const read of batch) read.begin()
    try {
      const rows = await this.readSnapshots(batch.map(({ group }) => group))
      for (const read of batch) {
        const row = rows.get(read.group)
        if (row) read.finish(row)
        else read.fail(new Error(`no snapshot of ${read.group} was read`))
      }
    } catch (error) {
      for (const read of batch) read.fail(error)
    }
  }
}

/**
 * Separate queues of one node: customers can't delay staff, however many come, nor snapshots of orders those of theatres.
 * Together they leave database connections to handshakes and revocations.
 */
export class SnapshotQueues {
  private readonly theatres: SnapshotQueue
  private readonly orders: SnapshotQueue
  private readonly customers: SnapshotQueue

  constructor(readSnapshots: ReadSnapshots) {
    // a theatre's snapshot may have a megabyte, an order's has some kilobytes
    this.theatres = new SnapshotQueue(readSnapshots, { concurrent: 2, batch: 8 })
    this.orders = new SnapshotQueue(readSnapshots, { concurrent: 1, batch: 32 })
    this.customers = new SnapshotQueue(readSnapshots, { concurrent: 1, batch: 32 })
  }

  /** The queue for a reader of this group. */
  of(group: GroupName, reader: { isCustomer: boolean }): SnapshotQueue {
    if (reader.isCustomer) return this.customers
    return readGroup(group)?.kind === 'order' ? this.orders : this.theatres
  }

  /** reads that have not begun */
  get size(): number {
    return this.theatres.size + this.orders.size + this.customers.size
  }
}
