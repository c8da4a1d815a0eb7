import pLimit from 'p-limit'
import type { EventLog, StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'

/** concurrent log reads for slow readers */
const CONCURRENT_READS = 4

/** Reads the event log for feeds and, shared and limited, for connections that are behind their feed's ring. */
export class LogReader {
  private readonly limit = pLimit(CONCURRENT_READS)
  private readonly reads = new Map<string, Promise<StoredEvent[]>>()

  constructor(private readonly log: EventLog) {}

  readAfter(group: GroupName, after: number, max: number): Promise<StoredEvent[]> {
    return this.log.readAfter(group, after, max)
  }

  /** Readers at the same position, of which there are many after a deploy, share one read. */
  readShared(group: GroupName, after: number, max: number): Promise<readonly StoredEvent[]> {
    const key = `${group} ${after} ${max}`
    const running = this.reads.get(key)
    if (running) return running
    const read = this.limit(() => this.readAfter(group, after, max)).finally(() => this.reads.delete(key))
    this.reads.set(key, read)
    return read
  }

  async readHead(group: GroupName): Promise<number> {
    const { seqs } = await this.log.readHeads([group])
    return seqs.get(group) ?? 0
  }
}
