import pLimit from 'p-limit'
import type { Publisher } from '../events/commit.js'
import type { Committed, EventLog, NewAccessChange, StoredEvent } from '../events/event-log.js'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import { AccessWatch } from './access-watch.js'
import type { Bus, BusListener } from './bus/bus.js'
import { ACCESS_CHANNEL, decodeEvent, encodeEvent } from './bus/bus-messages.js'
import type { Feed, FeedHost, SnapshotRow } from './feed.js'
import { Feeds } from './feeds.js'
import { LogPoll } from './log-poll.js'
import { Member } from './member.js'
import { MultiMap } from './multi-map.js'
import { PRESENCE_CHANNEL, type Presence } from './presence.js'
import { PresenceBoard } from './presence-board.js'
import { SessionDeadlines } from './session-deadlines.js'
import {
  type Admission,
  Connection,
  type ConnectionHost,
  type ConnectionOptions,
} from './socket/connection.js'
import { keepAlive } from './socket/keepalive.js'

/** What the engine asks of the rest of the house: it knows no orders, no users and no sessions. */
export interface HubOptions {
  log: EventLog
  bus: Bus
  /** the sessions of these ids that live, in one query */
  readAdmissions(sessionIds: readonly string[]): Promise<Map<string, Admission>>
  /** a group's state together with its counter and the epoch, in one snapshot of the database */
  readSnapshot(group: GroupName): Promise<SnapshotRow>
  heartbeatMs: number
  onClosed(connection: Connection, code: number): void
  onError(error: unknown, doing: string): void
}

/** ms between two questions to the log */
const TICK_MS = 1000
/** reads of the log for slow readers at a time */
const LOG_READS = 4

/** All connections of one node, and what keeps them served: feeds, rights, deadlines, presence. */
export class Hub implements Omit<FeedHost, 'scheduleFlush'>, ConnectionHost, Publisher, BusListener {
  readonly connections = new Set<Connection>()
  /** closed by us; their peers have not answered yet */
  readonly lingering = new Set<Connection>()
  readonly access: AccessWatch
  private readonly feedTable: Feeds
  private readonly board: PresenceBoard
  private readonly log: LogPoll
  private readonly bySessionId = new MultiMap<string, Connection>()
  private readonly byUserId = new MultiMap<number, Connection>()
  private readonly deadlines: SessionDeadlines
  private readonly limitLogReads = pLimit(LOG_READS)
  private readonly logReads = new Map<string, Promise<StoredEvent[]>>()
  private readonly ticker: NodeJS.Timeout

  private constructor(
    private readonly options: HubOptions,
    epoch: number,
  ) {
    this.feedTable = new Feeds(options.bus, options.log, this)
    this.board = new PresenceBoard(options.bus, this.feeds)
    this.deadlines = new SessionDeadlines(options.readAdmissions)
    this.access = new AccessWatch(epoch, {
      readChanges: (after) => options.log.readAccessChanges(after),
      readAdmissions: options.readAdmissions,
      bySession: (id) => this.bySessionId.of(id),
      byUser: (id) => this.byUserId.of(id),
      all: () => this.connections,
      readmitted: (connection) => this.readmitted(connection),
    })
    this.log = new LogPoll({
      feeds: this.feeds,
      readHeads: (groups) => options.log.readHeads(groups),
      reachEpoch: (wanted) => this.access.reach(wanted),
      tell: (message) => this.tellAll(message),
      onError: (error, doing) => options.onError(error, doing),
    })
    options.bus.listener = this
    this.ticker = setInterval(() => this.tick(), TICK_MS)
  }

  /** Opens a node's hub; the database must answer. */
  static async open(options: HubOptions): Promise<Hub> {
    const { epoch } = await options.log.readHeads([])
    await options.bus.subscribe(ACCESS_CHANNEL)
    const hub = new Hub(options, epoch)
    await hub.presence.start()
    return hub
  }

  // ---- what routes use

  get feeds(): ReadonlyMap<GroupName, Feed> {
    return this.feedTable.byGroup
  }

  get presence(): Presence {
    return this.board.presence
  }

  /** RFC 3339: since when the database does not answer; null: it does */
  get staleSince(): string | null {
    return this.log.staleSince
  }

  /** false while the link to the other nodes is known to be down */
  get isBusUp(): boolean {
    return this.options.bus.healthy
  }

  /** Makes sure that this node hears these groups, before a socket of theirs is accepted. */
  prepare(groups: readonly GroupName[]): Promise<void> {
    return this.feedTable.prepare(groups)
  }

  /** Takes over an accepted socket, in the turn of the event loop in which it was accepted. */
  attach(options: Omit<ConnectionOptions, 'host'>): Connection {
    const connection = new Connection({ ...options, host: this })
    this.connections.add(connection)
    this.bySessionId.add(connection.admission.sessionId, connection)
    this.byUserId.add(connection.admission.principal.userId, connection)
    // rights may have changed between the handshake's query and this step
    if (connection.admission.epoch < this.access.applied) this.access.reviewJoining(connection)
    this.deadlines.arm(connection)
    return connection
  }

  /** Looks after the end of a connection's session anew, and tells it if that is near. */
  armDeadline(connection: Connection): void {
    this.deadlines.arm(connection)
  }

  /** Joins a group that the connection was granted: after a cursor, or (null) with a snapshot first. */
  join(connection: Connection, group: GroupName, cursor: number | null): void {
    if (!connection.granted.has(group) || connection.members.has(group) || connection.closed) return
    const feed = this.feeds.get(group)
    // the feed was idle between handshake and subscription, and was closed
    if (!feed) {
      return connection.run(async () => {
        await this.prepare([group])
        this.join(connection, group, cursor)
      })
    }
    const member = new Member(feed, connection)
    connection.members.set(group, member)
    this.board.welcome(group, member)
    member.join(cursor)
  }

  /** Tells this node's members and the other nodes of a commit. */
  publish({ events, epoch }: Committed, changes: readonly NewAccessChange[]): void {
    if (changes.length > 0) {
      this.options.bus.publish(ACCESS_CHANNEL, String(epoch))
      this.access.notice(epoch)
    }
    for (const event of events) {
      this.options.bus.publish(event.group, encodeEvent(event))
      this.feedTable.deliver(event)
    }
  }

  // ---- what the bus tells

  onMessage(channel: string, message: string): void {
    if (channel === ACCESS_CHANNEL) return this.access.notice(Number(message) || 0)
    if (channel === PRESENCE_CHANNEL) return this.presence.onMessage(message)
    const group = asGroup(channel)
    const event = group && decodeEvent(group, message)
    if (event) this.feedTable.deliver(event)
  }

  onReset(): void {
    void this.poll()
  }

  // ---- what feeds and connections need

  readAfter(group: GroupName, after: number, max: number): Promise<StoredEvent[]> {
    return this.options.log.readAfter(group, after, max)
  }

  /** Readers that stand at the same position, as after a deploy, share one read. */
  readLog(group: GroupName, after: number, max: number): Promise<readonly StoredEvent[]> {
    const key = `${group} ${after} ${max}`
    const shared = this.logReads.get(key)
    if (shared) return shared
    const read = this.limitLogReads(() => this.readAfter(group, after, max)).finally(() =>
      this.logReads.delete(key),
    )
    this.logReads.set(key, read)
    return read
  }

  async readHead(group: GroupName): Promise<number> {
    const { seqs } = await this.options.log.readHeads([group])
    return seqs.get(group) ?? 0
  }

  readSnapshot(group: GroupName): Promise<SnapshotRow> {
    return this.options.readSnapshot(group)
  }

  onError(error: unknown, doing: string): void {
    this.options.onError(error, doing)
  }

  hasApplied(epoch: number): boolean {
    return epoch <= this.access.applied
  }

  reachEpoch(epoch: number): Promise<void> {
    return this.access.reach(epoch)
  }

  showPresence(connection: Connection, group: GroupName): void {
    this.board.show(connection, group)
  }

  private readmitted(connection: Connection): void {
    this.deadlines.arm(connection)
    const { isScreen, admission, granted } = connection
    this.presence.readmit(connection, isScreen && admission.principal.role === 'staff' ? granted : new Set())
  }

  private tellAll(message: ServerMessage): void {
    for (const connection of this.connections) connection.send(message)
  }

  /** Its socket's end has been seen. */
  gone(connection: Connection, code: number): void {
    connection.ended(code)
    this.lingering.delete(connection)
  }

  forget(connection: Connection, code: number): void {
    if (!this.connections.delete(connection)) return
    this.lingering.add(connection)
    this.bySessionId.remove(connection.admission.sessionId, connection)
    this.byUserId.remove(connection.admission.principal.userId, connection)
    this.deadlines.disarm(connection)
    this.presence.show(connection, [])
    this.options.onClosed(connection, code)
  }

  // ---- each second

  private tick(): void {
    keepAlive(this.connections, this.options.heartbeatMs)
    this.board.tick()
    this.feedTable.closeIdle()
    if (this.feeds.size > 0 || this.connections.size > 0 || this.staleSince !== null) void this.poll()
  }

  /** One question to the log for all groups. */
  poll(): Promise<void> {
    return this.log.ask()
  }

  /** Stops all timers and forgets all connections. The bus and the database belong to who opened them. */
  close(): void {
    clearInterval(this.ticker)
    this.log.close()
    for (const connection of [...this.connections, ...this.lingering]) connection.terminate()
    this.presence.close()
    this.feedTable.closeAll()
    this.access.close()
    this.options.bus.listener = null
  }
}
