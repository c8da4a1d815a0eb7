import pLimit from 'p-limit'
import type { EventLog, LogHeads, StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'

/** concurrent reads for connections that are behind the head: those of staff, and those of customers, which delay no staff */
const STAFF_READS = 3
const CUSTOMERS_READS = 1

/** Reads the event log for feeds and, shared and limited, for connections that are behind the head. */
export class LogReader {
  private readonly limits = { staff: pLimit(STAFF_READS), customers: pLimit(CUSTOMERS_READS) }
  private nextHeads: { groups: Set<GroupName>; heads: Promise<LogHeads> } | null = null
  private lastHeads: Promise<unknown> = Promise.resolve()
  private readonly reads = new Map<string, Promise<StoredEvent[]>>()

  constructor(private readonly log: EventLog) {}

  readAfter(group: GroupName, after: number, max: number): Promise<StoredEvent[]> {
    return this.log.readAfter(group, after, max)
  }

  /** Runs a read for one connection when its turn has come; returns null if nobody waits for it any more. */
  readLimited<T>(
    reader: { isCustomer: boolean; isDetached: boolean },
    read: () => Promise<T>,
  ): Promise<T | null> {
    const limit = reader.isCustomer ? this.limits.customers : this.limits.staff
    return limit(async () => (reader.isDetached ? null : await read()))
  }

  /** Readers at the same position, of which there are many after a deploy, share one read. */
  readShared(group: GroupName, after: number, max: number): Promise<readonly StoredEvent[]> {
    const key = `${group} ${after} ${max}`
    const running = this.reads.get(key)
    if (running) return running
    const read = this.readAfter(group, after, max).finally(() => this.reads.delete(key))
    this.reads.set(key, read)
    return read
  }

  /** One query at a time: those who ask meanwhile share the next, which begins after they have asked. */
  readHeads(groups: readonly GroupName[]): Promise<LogHeads> {
    this.nextHeads ??= this.scheduleHeads()
    for (const group of groups) this.nextHeads.groups.add(group)
    return this.nextHeads.heads
  }

  private scheduleHeads() {
    const groups = new Set<GroupName>()
    const heads = this.lastHeads.then(() => {
      this.nextHeads = null
      return this.log.readHeads([...groups])
    })
    this.lastHeads = heads.catch(() => {})
    return { groups, heads }
  }

  async readHead(group: GroupName): Promise<number> {
    const { seqs } = await this.readHeads([group])
    return seqs.get(group) ?? 0
  }
}
