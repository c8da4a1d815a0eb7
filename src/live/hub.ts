import type { Publisher } from '../events/commit.js'
import type { Committed, EventLog, NewAccessChange, StoredEvent } from '../events/event-log.js'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import type { Tracer } from '../tracing/tracer.js'
import { AccessWatch } from './access-watch.js'
import { Announcements } from './announcements.js'
import type { Bus, BusListener } from './bus/bus.js'
import {
  ACCESS_CHANNEL,
  decodeEvents,
  decodePosition,
  decodeTrace,
  messagesOf,
  THEATRES_CHANNEL,
} from './bus/bus-messages.js'
import type { BusProblem } from './bus/bus-problem.js'
import { ConnectionTable } from './connection-table.js'
import type { Feed, FeedHost, FeedReader } from './feed.js'
import { Feeds } from './feeds.js'
import { LogPoll } from './log-poll.js'
import { LogReader } from './log-reader.js'
import { Member } from './member.js'
import { PRESENCE_CHANNEL, type Presence } from './presence.js'
import { PresenceNotifier } from './presence-notifier.js'
import { SessionDeadlines } from './session-deadlines.js'
import { type ReadSnapshots, type SnapshotQueue, SnapshotQueues, type SnapshotRow } from './snapshot-queue.js'
import { Connection, type ConnectionHost, type ConnectionOptions } from './socket/connection.js'
import { keepAlive } from './socket/keepalive.js'
import type { SessionState } from './socket/session-state.js'

/** What the hub needs of the rest of the service: it imports nothing of orders, users or sessions. */
export interface HubOptions {
  log: EventLog
  bus: Bus
  /** session states by session id, in one query; ended sessions are missing */
  readSessionStates(sessionIds: readonly string[]): Promise<Map<string, SessionState>>
  /** the state of each group, its head and the access epoch, from one database snapshot */
  readSnapshots: ReadSnapshots
  heartbeatMs: number
  /** ms between polls of the event log; each second unless given */
  pollMs?: number | undefined
  /** records the way of traced events; null: none */
  tracer?: Tracer | null
  onClosed(connection: Connection, code: number): void
  onError(error: unknown, doing: string): void
}

/** ms between checks of the connections, and usually between polls of the event log */
const TICK_MS = 1000

/** All connections of one node, and the parts that serve them: feeds, access watch, session deadlines, presence. */
export class Hub implements Omit<FeedHost, 'scheduleFlush'>, ConnectionHost, Publisher, BusListener {
  readonly access: AccessWatch
  readonly tracer: Tracer | null
  /** what nodes tell each other beside events */
  readonly announcements: Announcements
  private readonly table = new ConnectionTable()
  private readonly feedTable: Feeds
  private readonly notifier: PresenceNotifier
  private readonly logPoll: LogPoll
  private readonly logReader: LogReader
  private readonly snapshotQueues = new SnapshotQueues((groups) => this.readSnapshots(groups))
  private readonly deadlines: SessionDeadlines
  private readonly ticker: NodeJS.Timeout
  private polledAt = performance.now()

  private constructor(
    private readonly options: HubOptions,
    epoch: number,
  ) {
    const { log, bus } = options
    this.tracer = options.tracer ?? null
    this.announcements = new Announcements(bus)
    this.logReader = new LogReader(log)
    this.feedTable = new Feeds(bus, this.logReader, this)
    this.notifier = new PresenceNotifier(bus, this.feeds)
    this.deadlines = new SessionDeadlines(options.readSessionStates)
    this.access = new AccessWatch(epoch, {
      readChanges: (after) => log.readAccessChanges(after),
      readSessionStates: options.readSessionStates,
      bySession: (id) => this.table.bySession(id),
      byUser: (id) => this.table.byUser(id),
      all: () => this.connections,
      onReadmitted: (connection) => this.onReadmitted(connection),
    })
    this.logPoll = new LogPoll({
      feeds: this.feeds,
      readHeads: (groups) => log.readHeads(groups),
      reachEpoch: (wanted) => this.access.reach(wanted),
      broadcast: (message) => this.broadcast(message),
      onError: (error, doing) => options.onError(error, doing),
    })
    bus.listener = this
    this.ticker = setInterval(() => this.tick(), TICK_MS)
  }

  /** Rejects when the database does not answer. */
  static async open(options: HubOptions): Promise<Hub> {
    const { epoch } = await options.log.readHeads([])
    await options.bus.subscribe(ACCESS_CHANNEL)
    const hub = new Hub(options, epoch)
    await hub.presence.start()
    return hub
  }

  // ---- for plugins

  get connections(): ReadonlySet<Connection> {
    return this.table.open
  }

  /** Connections closed by this node whose peer has not answered the close frame yet. */
  get lingering(): ReadonlySet<Connection> {
    return this.table.lingering
  }

  get feeds(): ReadonlyMap<GroupName, Feed> {
    return this.feedTable.byGroup
  }

  get presence(): Presence {
    return this.notifier.presence
  }

  /** reads of snapshots that wait for their turn */
  get pendingSnapshots(): number {
    return this.snapshotQueues.size
  }

  /** RFC 3339: since when the event log can't be read; null while it can */
  get staleSince(): string | null {
    return this.logPoll.staleSince
  }

  /** false while the link to the other nodes is known to be down */
  get isBusUp(): boolean {
    return this.options.bus.healthy
  }

  /** why the bus between nodes does not work; null while it does */
  get busProblem(): BusProblem | null {
    return this.options.bus.problem
  }

  /** Opens the feeds of these groups. Must be called before a socket of theirs is accepted. */
  prepare(groups: readonly GroupName[]): Promise<void> {
    return this.feedTable.prepare(groups)
  }

  /** Adds an accepted socket. Call it in the same iteration of the event loop in which the socket was accepted. */
  attach(options: Omit<ConnectionOptions, 'host'>): Connection {
    const connection = new Connection({ ...options, host: this })
    this.table.add(connection)
    // access changes may have been applied between the handshake's query and this step
    if (connection.sessionState.epoch < this.access.applied) this.access.reviewJoining(connection)
    this.deadlines.arm(connection)
    return connection
  }

  /** Schedules the check of the session's end; sends `expiring` at once if less than a minute is left. */
  armDeadline(connection: Connection): void {
    this.deadlines.arm(connection)
  }

  /** seq of the group's last event known to this node */
  headOf(group: GroupName): number | undefined {
    return this.feeds.get(group)?.head
  }

  /** Joins one of the connection's granted groups after a cursor or, if null, with a snapshot. */
  join(connection: Connection, group: GroupName, cursor: number | null): void {
    if (!connection.granted.has(group) || connection.members.has(group) || connection.closed) return
    const feed = this.feeds.get(group)
    // closed as idle between the handshake and the subscription
    if (!feed) {
      return connection.run(async () => {
        await this.prepare([group])
        this.join(connection, group, cursor)
      })
    }
    const member = new Member(feed, connection)
    connection.members.set(group, member)
    this.notifier.welcome(group, member)
    member.join(cursor)
  }

  /** Called when the socket has closed, by either side. */
  onSocketClosed(connection: Connection, code: number): void {
    connection.dispose(code)
    this.table.lingering.delete(connection)
  }

  // ---- Publisher: delivers commits of this node here and to the other nodes
  //
  // The way of an event: `commit` (events/commit.ts) -> `publish` -> Feeds.deliver -> Feed.receive, which puts events in
  // order -> FlushQueue, once per iteration of the event loop -> Feed.flush -> Member.pump -> Ring.sliceAfter, which encodes each frame
  // once -> Connection.write -> WsLiveSocket. On other nodes it starts at `onMessage`; over LISTEN only the event's position arrives there, and
  // the feed reads it from the log.

  publish(
    { events, epoch }: Committed,
    changes: readonly NewAccessChange[],
    theatres: readonly number[],
  ): void {
    if (changes.length > 0) {
      this.options.bus.publish(ACCESS_CHANNEL, String(epoch))
      this.access.noteEpoch(epoch)
    }
    this.publishEvents(events)
    for (const id of theatres) this.announcements.announce(THEATRES_CHANNEL, String(id))
  }

  private publishEvents(events: readonly StoredEvent[]): void {
    const { bus } = this.options
    const count = { 'messaging.operation.name': 'publish', 'houselights.events': events.length }
    const span = this.tracer?.start('publish events', 'producer', count) ?? null
    const published = span ? events.map((event) => ({ ...event, trace: span.traceparent })) : events
    for (const [group, message] of messagesOf(published, bus.carriesEvents)) bus.publish(group, message)
    for (const event of published) this.feedTable.deliver(event)
    span?.end()
  }

  // ---- BusListener

  onMessage(channel: string, message: string): void {
    if (channel === ACCESS_CHANNEL) return this.access.noteEpoch(Number(message) || 0)
    if (channel === PRESENCE_CHANNEL) return this.presence.onMessage(message)
    const group = asGroup(channel)
    if (!group) return this.announcements.receive(channel, message)
    const seq = decodePosition(message)
    if (seq !== null) return this.feedTable.noteHead(group, seq)
    const trace = decodeTrace(message)
    if (trace) return this.feedTable.noteTrace(group, trace.seq, this.receive(group, trace.trace))
    const events = decodeEvents(group, message)
    const traced = events[0]?.trace
    const received = traced === undefined ? undefined : this.receive(group, traced)
    for (const event of events) {
      if (received !== undefined) event.trace = received
      this.feedTable.deliver(event)
    }
  }

  /** Records that a traced message has arrived; returns what its delivery is a part of. */
  private receive(group: GroupName, trace: string): string {
    const attributes = { 'messaging.operation.name': 'receive', 'houselights.group': group }
    const span = this.tracer?.start('receive events', 'consumer', attributes, trace)
    span?.end()
    return span?.traceparent ?? trace
  }

  onReset(): void {
    void this.logPoll.poll()
  }

  // ---- FeedHost and ConnectionHost

  readAfter(group: GroupName, after: number, max: number): Promise<StoredEvent[]> {
    return this.logReader.readAfter(group, after, max)
  }

  readLog(group: GroupName, after: number, max: number): Promise<readonly StoredEvent[]> {
    return this.logReader.readShared(group, after, max)
  }

  readHead(group: GroupName): Promise<number> {
    return this.logReader.readHead(group)
  }

  readLimited<T>(
    reader: { isCustomer: boolean; isDetached: boolean },
    read: () => Promise<T>,
  ): Promise<T | null> {
    return this.logReader.readLimited(reader, read)
  }

  readSnapshots(groups: readonly GroupName[]): Promise<ReadonlyMap<GroupName, SnapshotRow>> {
    return this.options.readSnapshots(groups)
  }

  snapshotQueue(group: GroupName, reader: FeedReader): SnapshotQueue {
    return this.snapshotQueues.of(group, reader)
  }

  hasApplied(epoch: number): boolean {
    return epoch <= this.access.applied
  }

  reachEpoch(epoch: number): Promise<void> {
    return this.access.reach(epoch)
  }

  sendPresence(connection: Connection, group: GroupName): void {
    this.notifier.send(connection, group)
  }

  detach(connection: Connection, code: number): void {
    if (!this.table.remove(connection)) return
    this.deadlines.disarm(connection)
    this.presence.set(connection, [])
    this.options.onClosed(connection, code)
  }

  onError(error: unknown, doing: string): void {
    this.options.onError(error, doing)
  }

  // ----

  private onReadmitted(connection: Connection): void {
    this.deadlines.arm(connection)
    const { showsPresence, sessionState, granted } = connection
    const isPresent = showsPresence && sessionState.principal.role === 'staff'
    this.presence.applyAllowed(connection, isPresent ? granted : new Set())
  }

  private broadcast(message: ServerMessage): void {
    for (const connection of this.connections) connection.send(message)
  }

  private tick(): void {
    keepAlive(this.connections, this.options.heartbeatMs)
    this.notifier.tick()
    this.feedTable.closeIdle()
    const now = performance.now()
    // a tick may come early by a fraction of a millisecond
    if (now - this.polledAt < (this.options.pollMs ?? 0) - 1) return
    this.polledAt = now
    if (this.feeds.size > 0 || this.connections.size > 0 || this.staleSince !== null) void this.logPoll.poll()
  }

  /** Clears all timers and terminates all connections. Does not close the bus or the database. */
  close(): void {
    clearInterval(this.ticker)
    this.logPoll.close()
    for (const connection of [...this.connections, ...this.lingering]) connection.terminate()
    this.presence.close()
    this.feedTable.closeAll()
    this.access.close()
    this.options.bus.listener = null
  }
}
