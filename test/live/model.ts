import { staffOrderGroups } from '../../src/access/socket-access.js'
import type {
  AccessChange,
  Committed,
  EventLog,
  NewAccessChange,
  StoredEvent,
} from '../../src/events/event-log.js'
import type { Bus, BusListener } from '../../src/live/bus/bus.js'
import type { SnapshotRow } from '../../src/live/snapshot-queue.js'
import type { LiveSocket } from '../../src/live/socket/live-socket.js'
import type { SessionState } from '../../src/live/socket/session-state.js'
import type { Principal } from '../../src/principal.js'
import { type GroupName, theatreOrders } from '../../src/protocol/groups.js'
import type { Random } from '../helpers/random.js'

/** Runs asynchronous steps in a random order: everything that takes time waits here until the test picks it. */
export class Scheduler {
  private readonly waiting: (() => void)[] = []

  constructor(private readonly random: Random) {}

  get count(): number {
    return this.waiting.length
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  /** Resumes one random waiter; false if there is none. */
  runOne(): boolean {
    const [next] = this.waiting.splice(this.random.below(this.waiting.length), 1)
    next?.()
    return next !== undefined
  }
}

interface AccessSpan {
  from: number
  until: number
}

/**
 * A model of the database: commits are serial, and each read sees one consistent state, with delays before and after.
 * Records which session had access to which group at each commit.
 */
export class ModelDatabase {
  /** number of commits so far */
  now = 0
  epoch = 0
  failing = 0
  readonly events = new Map<GroupName, (StoredEvent & { committedAt: number })[]>()
  private changes: AccessChange[] = []
  /** last seq of each group that retention deleted */
  readonly deleted = new Map<GroupName, number>()
  private readonly users = new Map<number, { theatres: Set<number>; admin: boolean }>()
  private readonly sessions = new Map<string, { userId: number; endedAt: number }>()
  private readonly spans = new Map<string, AccessSpan[]>()

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    readonly theatres: readonly number[],
  ) {}

  private async read<T>(query: () => T): Promise<T> {
    await this.scheduler.wait()
    if (this.random.chance(this.failing)) throw new Error('the model database is unavailable')
    const seen = query()
    await this.scheduler.wait()
    return seen
  }

  readonly log: EventLog = {
    readAfter: (group, after, limit) =>
      this.read(() => {
        const from = Math.max(after, this.deleted.get(group) ?? 0)
        return this.of(group).slice(from, from + limit)
      }),
    readHeads: (groups) =>
      this.read(() => ({
        epoch: this.epoch,
        seqs: new Map(groups.map((group) => [group, this.of(group).length])),
      })),
    readAccessChanges: (after) =>
      this.read(() => ({ epoch: this.epoch, changes: this.changes.filter(({ epoch }) => epoch > after) })),
  }

  of(group: GroupName): (StoredEvent & { committedAt: number })[] {
    const found = this.events.get(group) ?? []
    this.events.set(group, found)
    return found
  }

  readSnapshots(groups: readonly GroupName[]): Promise<Map<GroupName, SnapshotRow>> {
    return this.read(() => {
      const rowOf = (group: GroupName) => ({ seq: this.of(group).length, epoch: this.epoch, data: '{}' })
      return new Map(groups.map((group) => [group, rowOf(group)]))
    })
  }

  readSessionStates(ids: readonly string[]): Promise<Map<string, SessionState>> {
    return this.read(() => {
      const found = new Map<string, SessionState>()
      for (const sessionId of ids) {
        const session = this.sessions.get(sessionId)
        if (!session || session.endedAt <= this.now) continue
        found.set(sessionId, {
          sessionId,
          tokenHash: sessionId,
          principal: this.principal(session.userId),
          remainingMs: 1e9,
          readAt: performance.now(),
          endsAt: '2030-01-01T00:00:00.000Z',
          epoch: this.epoch,
        })
      }
      return found
    })
  }

  private principal(userId: number): Principal {
    const theatres = [...(this.users.get(userId)?.theatres ?? [])].sort((a, b) => a - b)
    return {
      userId,
      username: `user-${userId}`,
      role: this.users.get(userId)?.admin ? 'admin' : 'staff',
      theatres: theatres.map((id) => ({ id, name: `Theatre ${id}`, manager: false })),
    }
  }

  addUser(userId: number, theatres: readonly number[], admin: boolean): void {
    this.users.set(userId, { theatres: new Set(theatres), admin })
    for (const theatre of theatres) this.grant(userId, theatre)
  }

  private spansOf(userId: number, theatre: number): AccessSpan[] {
    const key = `${userId} ${theatre}`
    const found = this.spans.get(key) ?? []
    this.spans.set(key, found)
    return found
  }

  private grant(userId: number, theatre: number): void {
    this.spansOf(userId, theatre).push({ from: this.now, until: Number.POSITIVE_INFINITY })
  }

  addSession(sessionId: string, userId: number): void {
    this.sessions.set(sessionId, { userId, endedAt: Number.POSITIVE_INFINITY })
  }

  /** Whether this session had access to the group at any commit from `from` to `until`, both included. */
  hadAccess(sessionId: string, group: GroupName, from: number, until: number): boolean {
    const session = this.sessions.get(sessionId)
    const theatre = this.theatres.find((id) => theatreOrders(id) === group)
    if (!session || theatre === undefined) return false
    return this.spansOf(session.userId, theatre).some(
      (span) =>
        Math.max(span.from, from) <= until &&
        Math.min(span.until, session.endedAt) > Math.max(span.from, from),
    )
  }

  isLive(sessionId: string): boolean {
    return (this.sessions.get(sessionId)?.endedAt ?? 0) > this.now
  }

  allowed(sessionId: string): GroupName[] {
    const session = this.sessions.get(sessionId)
    return session && this.isLive(sessionId) ? staffOrderGroups(this.principal(session.userId)) : []
  }

  theatresOf(userId: number): readonly number[] {
    return [...(this.users.get(userId)?.theatres ?? [])]
  }

  // ---- commits

  /** What retention does: deletes the oldest events and access changes. */
  deleteUpTo(group: GroupName, upTo: number): void {
    this.deleted.set(group, Math.max(this.deleted.get(group) ?? 0, upTo))
    this.changes = this.changes.slice(-1)
  }

  private appendChange(userId: number | null, sessionId: string | null): NewAccessChange {
    this.changes.push({ epoch: ++this.epoch, userId, sessionId })
    return { kind: sessionId ? 'session_ended' : 'user_changed', userId, sessionId }
  }

  commitEvents(groups: readonly GroupName[]): Committed {
    this.now++
    const events = groups.map((group) => {
      const list = this.of(group)
      const seq = list.length + 1
      const event: StoredEvent & { committedAt: number } = {
        group,
        seq,
        name: 'order.placed',
        at: '2026-11-23T00:00:00.000Z',
        epoch: this.epoch,
        data: `{"n":${seq}}`,
        committedAt: this.now,
      }
      list.push(event)
      return event
    })
    return { events, epoch: this.epoch }
  }

  commitEnd(sessionId: string): { committed: Committed; changes: NewAccessChange[] } {
    this.now++
    const session = this.sessions.get(sessionId)
    if (session) session.endedAt = Math.min(session.endedAt, this.now)
    const changes = [this.appendChange(session?.userId ?? null, sessionId)]
    return { committed: { events: [], epoch: this.epoch }, changes }
  }

  commitTheatre(userId: number, theatre: number): { committed: Committed; changes: NewAccessChange[] } {
    this.now++
    const user = this.users.get(userId)
    if (user?.theatres.delete(theatre)) {
      for (const span of this.spansOf(userId, theatre)) span.until = Math.min(span.until, this.now)
    } else {
      user?.theatres.add(theatre)
      this.grant(userId, theatre)
    }
    const changes = [this.appendChange(userId, null)]
    return { committed: { events: [], epoch: this.epoch }, changes }
  }
}

/** A bus that delays, reorders, duplicates and loses messages. */
export class UnreliableBus implements Bus {
  listener: BusListener | null = null
  readonly healthy = true
  readonly problem = null
  readonly channels = new Set<string>()

  constructor(
    private readonly nodes: Set<UnreliableBus>,
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly loss: () => number,
    readonly carriesEvents: boolean,
  ) {
    nodes.add(this)
  }

  async subscribe(channel: string): Promise<void> {
    await this.scheduler.wait()
    this.channels.add(channel)
    if (this.random.chance(0.5)) await this.scheduler.wait()
  }

  unsubscribe(channel: string): void {
    this.channels.delete(channel)
  }

  publish(channel: string, message: string): void {
    for (const node of this.nodes) {
      while (!this.random.chance(this.loss())) {
        void this.scheduler.wait().then(() => {
          if (node.channels.has(channel)) node.listener?.onMessage(channel, message)
        })
        if (!this.random.chance(0.2)) break
      }
    }
  }

  async close(): Promise<void> {
    this.nodes.delete(this)
  }
}

/** A socket that accepts bytes when the test wants it to, and reports each frame as it is written. */
export class ModelSocket implements LiveSocket {
  pendingBytes = 0
  acceptedBytes = 0
  isPaused = false
  /** accepts nothing */
  blocked = false
  end: { code: number; reason: string } | null = null
  private drained: (() => void)[] = []

  constructor(private readonly onText: (text: string) => void) {}

  write(frames: Buffer): void {
    if (this.end) throw new Error('write after close')
    if (this.blocked) this.pendingBytes += frames.length
    for (const text of textsOf(frames)) this.onText(text)
  }

  onceDrained(callback: () => void): void {
    if (this.pendingBytes === 0) throw new Error('nothing to drain')
    this.drained.push(callback)
  }

  /** Accepts nothing from now on. `foreignBytes` are pending bytes not written by the engine, such as a pong of `ws`. */
  block(foreignBytes: number): void {
    this.blocked = true
    this.pendingBytes += foreignBytes
  }

  /** Accepts the pending bytes. */
  drain(): void {
    this.blocked = false
    this.pendingBytes = 0
    const callbacks = this.drained
    this.drained = []
    for (const callback of callbacks) callback()
  }

  ping(): void {}

  close(code: number, reason: string): void {
    this.end ??= { code, reason }
  }

  terminate(): void {
    this.end ??= { code: 1006, reason: '' }
  }
}

/** Decodes unmasked, unfragmented text frames. */
export function textsOf(bytes: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 0x81) throw new Error(`not a text frame at ${at}`)
    const short = bytes[at + 1] ?? 0
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    const length =
      head === 2 ? short : head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    texts.push(bytes.toString('utf8', at + head, at + head + length))
    at += head + length
  }
  return texts
}
