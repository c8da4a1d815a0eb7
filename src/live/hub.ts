import { AccessWatch } from './access-watch.js'
import type { Bus, BusListener } from './bus.js'
import { ACCESS_CHANNEL, decodeEvent, encodeEvent } from './bus-messages.js'
import type { Publisher } from './commit.js'
import { type Admission, Connection, type ConnectionHost, type ConnectionOptions } from './connection.js'
import type { Committed, EventLog, NewAccessChange, StoredEvent } from './event-log.js'
import { Feed, type FeedHost, type SnapshotRow } from './feed.js'
import { asGroup, type GroupName } from './groups.js'
import { Index } from './index-of.js'
import { keepAlive } from './keepalive.js'
import { limit } from './limit.js'
import { Member } from './member.js'
import { PRESENCE_CHANNEL, Presence } from './presence.js'
import { SessionDeadlines } from './session-deadlines.js'
import { encodeMessage } from './wires/v1.js'

/** What the engine asks of the rest of the house: it knows no orders, no users and no sessions. */
export interface HubOptions {
  log: EventLog
  bus: Bus
  /** the sessions of these ids that live, in one query */
  readAdmissions(sessionIds: readonly string[]): Promise<Map<string, Admission>>
  /** a group's state together with its counter and the epoch, in one snapshot of the database */
  readSnapshot(group: GroupName): Promise<SnapshotRow>
  heartbeatMs: number
  maxBufferedBytes: number
  onClosed(connection: Connection, code: number): void
  onError(error: unknown, doing: string): void
}

/** ms between two questions to the log, and what one may take */
const POLL_MS = 1000
const POLL_DEADLINE_MS = 2000
/** ms that a feed without members is kept: reconnecting clients find its ring */
const IDLE_FEED_MS = 1000
/** events that arrive while their feed is being opened; what is beyond is read from the log */
const MAX_EARLY = 256
/** reads of the log for slow readers at a time */
const LOG_READS = 4

/** All feeds and connections of one node. */
export class Hub implements FeedHost, ConnectionHost, Publisher, BusListener {
  readonly connections = new Set<Connection>()
  /** closed by us; their peers have not answered yet */
  readonly lingering = new Set<Connection>()
  readonly feeds = new Map<GroupName, Feed>()
  /** RFC 3339: since when the database does not answer; null: it does */
  staleSince: string | null = null
  private readonly opening = new Map<GroupName, { done: Promise<void>; early: StoredEvent[] }>()
  private readonly idleSince = new Map<Feed, number>()
  private readonly dirty = new Set<Feed>()
  private readonly presenceDue = new Set<GroupName>()
  private readonly bySessionId = new Index<string, Connection>()
  private readonly byUserId = new Index<number, Connection>()
  private readonly deadlines: SessionDeadlines
  private readonly limitLogReads = limit(LOG_READS)
  private readonly logReads = new Map<string, Promise<StoredEvent[]>>()
  private ticker: NodeJS.Timeout | null = null
  private polling = false

  private constructor(
    private readonly options: HubOptions,
    epoch: number,
  ) {
    this.deadlines = new SessionDeadlines(options.readAdmissions)
    this.access = new AccessWatch(epoch, {
      readChanges: (after) => options.log.readAccessChanges(after),
      readAdmissions: options.readAdmissions,
      bySession: (id) => this.bySessionId.of(id),
      byUser: (id) => this.byUserId.of(id),
      all: () => this.connections,
      readmitted: (connection) => this.readmitted(connection),
    })
    this.presence = new Presence(options.bus, (group, staff, before) =>
      this.presenceChanged(group, staff, before),
    )
    options.bus.listener = this
    this.ticker = setInterval(() => this.tick(), POLL_MS)
  }

  readonly access: AccessWatch
  readonly presence: Presence

  /** Opens a node's hub; the database must answer. */
  static async open(options: HubOptions): Promise<Hub> {
    const { epoch } = await options.log.readHeads([])
    await options.bus.subscribe(ACCESS_CHANNEL)
    const hub = new Hub(options, epoch)
    await hub.presence.start()
    return hub
  }

  // ---- what routes use

  /** false while the link to the other nodes is known to be down */
  get isBusUp(): boolean {
    return this.options.bus.healthy
  }

  /** Makes sure that this node hears these groups, before a socket of theirs is accepted. */
  async prepare(groups: readonly GroupName[]): Promise<void> {
    const missing: GroupName[] = []
    const waits: Promise<void>[] = []
    for (const group of groups) {
      const feed = this.feeds.get(group)
      if (feed) this.idleSince.delete(feed)
      else {
        const opening = this.opening.get(group)
        if (opening) waits.push(opening.done)
        else missing.push(group)
      }
    }
    if (missing.length > 0) waits.push(this.openFeeds(missing))
    if (waits.length > 0) await Promise.all(waits)
  }

  private openFeeds(groups: readonly GroupName[]): Promise<void> {
    const { bus, log } = this.options
    // subscribed first, read second: what is committed between is announced by one or held by the other
    const opened = Promise.all(groups.map((group) => bus.subscribe(group)))
      .then(() => log.readHeads(groups))
      .then(({ seqs }) => {
        for (const group of groups) {
          const feed = new Feed(group, seqs.get(group) ?? 0, this)
          this.feeds.set(group, feed)
          for (const event of this.opening.get(group)?.early ?? []) feed.receive(event)
        }
      })
      .catch((error: unknown) => {
        for (const group of groups) bus.unsubscribe(group)
        throw error
      })
      .finally(() => {
        for (const group of groups) this.opening.delete(group)
      })
    for (const group of groups) this.opening.set(group, { done: opened, early: [] })
    return opened
  }

  private deliver(event: StoredEvent): void {
    const feed = this.feeds.get(event.group)
    if (feed) return feed.receive(event)
    const early = this.opening.get(event.group)?.early
    if (early && early.length < MAX_EARLY) early.push(event)
  }

  /** Takes over an accepted socket, in the turn of the event loop in which it was accepted. */
  attach(options: Omit<ConnectionOptions, 'host' | 'maxBufferedBytes'>): Connection {
    const connection = new Connection({
      ...options,
      host: this,
      maxBufferedBytes: this.options.maxBufferedBytes,
    })
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

  /** Joins a group that the connection was granted: at the head, or, for wires that resume, after a cursor. */
  join(connection: Connection, group: GroupName, cursor?: number | null): void {
    if (!connection.granted.has(group) || connection.members.has(group) || connection.closed) return
    const feed = this.feeds.get(group)
    // it took its time between handshake and subscription, and nobody else listened here
    if (!feed) {
      if (cursor === undefined) return connection.restart()
      return connection.run(async () => {
        await this.prepare([group])
        this.join(connection, group, cursor)
      })
    }
    const member = new Member(feed, connection)
    connection.members.set(group, member)
    if (this.presence.count(group) > 0) this.owePresence(member)
    if (cursor === undefined) member.joinAtHead()
    else member.joinAfter(cursor)
  }

  /** The first and the last at once; how many others there are, once a second: a thousand may come at a time. */
  private presenceChanged(group: GroupName, staff: number, before: number): void {
    if (staff > 0 && before > 0) {
      this.presenceDue.add(group)
      return
    }
    for (const member of this.feeds.get(group)?.members ?? []) {
      if (!member.connection.wire.resumes) this.owePresence(member)
    }
    this.tellPresence(group)
  }

  private tellPresence(group: GroupName): void {
    const frame = encodeMessage({ type: 'presence', group, online: { staff: this.presence.count(group) } })
    for (const member of this.feeds.get(group)?.members ?? []) {
      const { connection } = member
      if (!connection.wire.resumes) continue
      if (connection.hasRoom) connection.write(frame)
      else this.owePresence(member)
    }
  }

  /** Tells a member at once, or as soon as its socket has room. */
  private owePresence(member: Member): void {
    const { connection, feed } = member
    if (connection.hasRoom) return this.showPresence(connection, feed.group)
    member.owesPresence = true
    connection.goOnWhenDrained()
  }

  showPresence(connection: Connection, group: GroupName): void {
    const staff = this.presence.count(group)
    connection.send({ type: 'presence', group, online: { staff } })
    connection.onPresence?.(group, staff > 0)
  }

  private readmitted(connection: Connection): void {
    this.deadlines.arm(connection)
    this.presence.narrow(connection, (group) => connection.granted.has(group))
  }

  /** Tells this node's members and the other nodes of a commit. */
  publish({ events, epoch }: Committed, changes: readonly NewAccessChange[]): void {
    if (changes.length > 0) {
      this.options.bus.publish(ACCESS_CHANNEL, String(epoch))
      this.access.notice(epoch)
    }
    for (const event of events) {
      this.options.bus.publish(event.group, encodeEvent(event))
      this.deliver(event)
    }
  }

  // ---- what the bus tells

  onMessage(channel: string, message: string): void {
    if (channel === ACCESS_CHANNEL) return this.access.notice(Number(message) || 0)
    if (channel === PRESENCE_CHANNEL) return this.presence.onMessage(message)
    const group = asGroup(channel)
    const event = group && decodeEvent(group, message)
    if (event) this.deliver(event)
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
    const read = this.limitLogReads(() => this.options.log.readAfter(group, after, max)).finally(() =>
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

  /** All that comes in one turn of the event loop goes out as one slice, one write per socket. */
  scheduleFlush(feed: Feed): void {
    if (this.dirty.size === 0) setImmediate(() => this.flush())
    this.dirty.add(feed)
  }

  private flush(): void {
    const feeds = [...this.dirty]
    this.dirty.clear()
    for (const feed of feeds) feed.flush()
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
    this.presence.tick()
    for (const group of this.presenceDue) this.tellPresence(group)
    this.presenceDue.clear()
    this.closeIdleFeeds()
    if (this.feeds.size > 0 || this.connections.size > 0 || this.staleSince !== null) void this.poll()
  }

  private closeIdleFeeds(): void {
    const now = performance.now()
    for (const feed of this.feeds.values()) {
      if (feed.members.size > 0) this.idleSince.delete(feed)
      else {
        const since = this.idleSince.get(feed)
        if (since === undefined) this.idleSince.set(feed, now)
        else if (now - since >= IDLE_FEED_MS) this.closeFeed(feed)
      }
    }
  }

  private closeFeed(feed: Feed): void {
    feed.close()
    this.feeds.delete(feed.group)
    this.idleSince.delete(feed)
    this.options.bus.unsubscribe(feed.group)
  }

  /** One question for all groups: does the log know more than this node? It finds what the bus lost. */
  async poll(): Promise<void> {
    if (this.polling) return
    this.polling = true
    try {
      const { seqs, epoch } = await withDeadline(
        this.options.log.readHeads([...this.feeds.keys()]),
        POLL_DEADLINE_MS,
      )
      await withDeadline(this.access.reach(epoch), POLL_DEADLINE_MS)
      for (const [group, seq] of seqs) this.feeds.get(group as GroupName)?.announce(seq)
      this.becomeFresh()
    } catch (error) {
      this.becomeStale(error)
    } finally {
      this.polling = false
    }
  }

  private becomeStale(error: unknown): void {
    if (this.staleSince !== null || !this.ticker) return
    this.staleSince = new Date(Date.now()).toISOString()
    this.options.onError(error, 'asking the event log')
    for (const connection of this.connections) connection.send({ type: 'stale', since: this.staleSince })
  }

  private becomeFresh(): void {
    if (this.staleSince === null) return
    for (const feed of this.feeds.values()) if (feed.behind) return
    this.staleSince = null
    for (const connection of this.connections) connection.send({ type: 'fresh' })
  }

  /** Stops all timers and forgets all connections. The bus and the database belong to who opened them. */
  close(): void {
    if (this.ticker) clearInterval(this.ticker)
    this.ticker = null
    for (const connection of [...this.connections, ...this.lingering]) connection.terminate()
    this.presence.close()
    for (const feed of [...this.feeds.values()]) this.closeFeed(feed)
    this.access.close()
    this.options.bus.listener = null
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
