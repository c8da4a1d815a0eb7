import { withDeadline } from '../concurrency/deadline.js'
import type { LogHeads } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import type { Feed } from './feed.js'

/** ms that each step of a poll may take */
const DEADLINE_MS = 2000

export interface LogPollHost {
  readonly feeds: ReadonlyMap<GroupName, Feed>
  readHeads(groups: readonly GroupName[]): Promise<LogHeads>
  reachEpoch(epoch: number): Promise<void>
  /** Sends a message to every connection of the node. */
  broadcast(message: ServerMessage): void
  onError(error: unknown, doing: string): void
}

/**
 * Compares the log's heads and epoch with the node's, for all its groups at once, so that a lost bus message delays an
 * event but never drops it. While the log can't be read, clients are `stale`.
 */
export class LogPoll {
  /** RFC 3339: since when the log can't be read; null while it can */
  staleSince: string | null = null
  private polling = false
  private closed = false

  constructor(private readonly host: LogPollHost) {}

  /** Does nothing while the previous poll is running. Never throws. */
  async poll(): Promise<void> {
    if (this.polling) return
    this.polling = true
    const { host } = this
    try {
      const { seqs, epoch } = await inTime(host.readHeads([...host.feeds.keys()]))
      await inTime(host.reachEpoch(epoch))
      const feeds = [...host.feeds.values()]
      const caughtUp = Promise.all(feeds.map((feed) => feed.noteHead(seqs.get(feed.group) ?? 0)))
      if (this.staleSince === null) return
      await inTime(caughtUp)
      // compared with the heads of this poll: without a bus there are always newer events
      if (feeds.every((feed) => feed.closed || feed.head >= (seqs.get(feed.group) ?? 0))) this.becomeFresh()
    } catch (error) {
      this.becomeStale(error)
    } finally {
      this.polling = false
    }
  }

  private becomeStale(error: unknown): void {
    if (this.staleSince !== null || this.closed) return
    this.staleSince = new Date().toISOString()
    this.host.onError(error, 'polling the event log')
    this.host.broadcast({ type: 'stale', since: this.staleSince })
  }

  private becomeFresh(): void {
    this.staleSince = null
    this.host.broadcast({ type: 'fresh' })
  }

  close(): void {
    this.closed = true
  }
}

const inTime = <T>(work: Promise<T>) =>
  withDeadline(work, DEADLINE_MS, () => new Error(`no answer within ${DEADLINE_MS} ms`))
