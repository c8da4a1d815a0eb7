import { withDeadline } from '../concurrency/deadline.js'
import type { LogHeads } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import type { Feed } from './feed.js'

/** ms that one question may take */
const DEADLINE_MS = 2000

export interface LogPollHost {
  readonly feeds: ReadonlyMap<GroupName, Feed>
  readHeads(groups: readonly GroupName[]): Promise<LogHeads>
  reachEpoch(epoch: number): Promise<void>
  /** Tells every connection. */
  tell(message: ServerMessage): void
  onError(error: unknown, doing: string): void
}

/**
 * Asks the log, for all groups of the node at once, whether it knows more than the node: so a lost message makes an
 * event late, never lost. When the log does not answer the clients are told that they may be behind.
 */
export class LogPoll {
  /** RFC 3339: since when the log does not answer; null: it does */
  staleSince: string | null = null
  private asking = false
  private closed = false

  constructor(private readonly host: LogPollHost) {}

  /** Asks once; not while the question before is open. Never throws. */
  async ask(): Promise<void> {
    if (this.asking) return
    this.asking = true
    const { host } = this
    try {
      const { seqs, epoch } = await inTime(host.readHeads([...host.feeds.keys()]))
      await inTime(host.reachEpoch(epoch))
      const feeds = [...host.feeds.values()]
      const caughtUp = Promise.all(feeds.map((feed) => feed.announce(seqs.get(feed.group) ?? 0)))
      if (this.staleSince === null) return
      await inTime(caughtUp)
      // by what the log said, not by what has come since: without a bus there is always something
      if (feeds.every((feed) => feed.closed || feed.head >= (seqs.get(feed.group) ?? 0))) this.becomeFresh()
    } catch (error) {
      this.becomeStale(error)
    } finally {
      this.asking = false
    }
  }

  private becomeStale(error: unknown): void {
    if (this.staleSince !== null || this.closed) return
    this.staleSince = new Date().toISOString()
    this.host.onError(error, 'asking the event log')
    this.host.tell({ type: 'stale', since: this.staleSince })
  }

  private becomeFresh(): void {
    this.staleSince = null
    this.host.tell({ type: 'fresh' })
  }

  close(): void {
    this.closed = true
  }
}

const inTime = <T>(work: Promise<T>) =>
  withDeadline(work, DEADLINE_MS, () => new Error(`no answer within ${DEADLINE_MS} ms`))
