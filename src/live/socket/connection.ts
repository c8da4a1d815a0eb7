import pLimit, { type LimitFunction } from 'p-limit'
import type { StoredEvent } from '../../events/event-log.js'
import { CloseCode } from '../../protocol/close-codes.js'
import type { GroupName } from '../../protocol/groups.js'
import type { ServerMessage } from '../../protocol/messages.js'
import { encodeMessage } from './frames.js'
import type { LiveSocket } from './live-socket.js'
import type { Guard, SessionState } from './session-state.js'

/** What a connection needs of its node. */
export interface ConnectionHost {
  readHead(group: GroupName): Promise<number>
  readLog(group: GroupName, after: number, limit: number): Promise<readonly StoredEvent[]>
  /** Runs a read when its turn has come; returns null if nobody waits for it any more. */
  readLimited<T>(
    reader: { isCustomer: boolean; isDetached: boolean },
    read: () => Promise<T>,
  ): Promise<T | null>
  reachEpoch(epoch: number): Promise<void>
  /** Called once, when the connection has closed. */
  detach(connection: Connection, code: number): void
  /** Sends the current presence count of a group. */
  sendPresence(connection: Connection, group: GroupName): void
  onError(error: unknown, doing: string): void
}

/** What a connection needs of its membership in one group. */
export interface Subscription {
  /** the presence count changed while the socket was not writable */
  owesPresence: boolean
  pump(): void
  leave(): void
}

export interface ConnectionOptions {
  id: string
  socket: LiveSocket
  guard: Guard
  groups: readonly GroupName[]
  sessionState: SessionState
  host: ConnectionHost
}

/** ms before a failed task (the database is unavailable) is retried */
const RETRY_MS = 1000
/** groups of one connection that are read at a time: those of an admin come by batches, and delay nobody else */
const GROUPS_AT_ONCE = 8

/**
 * One accepted socket: the groups it may receive, its position in each, and whether it may be written to. While an
 * access change is reviewed it is on hold: no event, snapshot or presence count is written.
 */
export class Connection {
  readonly id: string
  readonly guard: Guard
  readonly host: ConnectionHost
  readonly openedAt = performance.now()
  readonly members = new Map<GroupName, Subscription>()
  /** the groups it may receive; it joins them when the client subscribes */
  readonly granted: Set<GroupName>
  /** counts towards the presence of its groups while its user is staff */
  showsPresence = false
  sessionState: SessionState
  closed = false
  /** `hello` was sent: other messages may follow */
  greeted = false
  /** performance.now() of the last ping */
  pingedAt = this.openedAt
  awaitsPong = false
  /** something was written since the last ping: a slow reader answers it late */
  wroteSincePing = false
  private readonly socket: LiveSocket
  /** null: it has few groups */
  private readonly readLimit: LimitFunction | null
  private holds = 0
  private awaitingDrain = false
  private waiters: (() => void)[] = []
  private stalledSince = 0
  private stalledAtBytes = 0

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.socket = options.socket
    this.guard = options.guard
    this.sessionState = options.sessionState
    this.granted = new Set(options.groups)
    this.host = options.host
    this.readLimit = options.groups.length > GROUPS_AT_ONCE ? pLimit(GROUPS_AT_ONCE) : null
  }

  get owner(): { userId: number; sessionId: string } {
    return { userId: this.sessionState.principal.userId, sessionId: this.sessionState.sessionId }
  }

  get isHeld(): boolean {
    return this.holds > 0
  }

  get pendingBytes(): number {
    return this.socket.pendingBytes
  }

  /** This node does not read from the socket at the moment: the client's pong waits. */
  get isReadingPaused(): boolean {
    return this.socket.isPaused
  }

  /** Whether events may be written: open, not on hold, and no bytes pending. */
  get isWritable(): boolean {
    return !this.closed && this.holds === 0 && this.socket.pendingBytes === 0
  }

  /** Writes framed bytes. The caller checks access and `isHeld`. */
  write(frames: Buffer): void {
    if (this.closed) return
    this.socket.write(frames)
    this.wroteSincePing = true
    if (this.socket.pendingBytes > 0) this.awaitDrain()
  }

  /** Sends a message; before `hello` it is dropped. */
  send(message: ServerMessage): void {
    if (this.greeted || message.type === 'hello') this.write(encodeMessage(message))
  }

  /** Pumps the members once the pending bytes are accepted. Does nothing when none are pending. */
  resumeWhenDrained(): void {
    if (!this.closed && this.socket.pendingBytes > 0) this.awaitDrain()
  }

  private awaitDrain(): void {
    if (this.awaitingDrain) return
    this.awaitingDrain = true
    this.socket.onceDrained(() => {
      this.awaitingDrain = false
      this.resume()
    })
  }

  private resume(): void {
    this.wakeWaiters()
    for (const [group, member] of this.members) {
      if (member.owesPresence && this.isWritable) {
        member.owesPresence = false
        this.host.sendPresence(this, group)
      }
      member.pump()
    }
  }

  private wakeWaiters(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves at the next drain, release or close; check `isWritable` again then. */
  whenWritable(): Promise<void> {
    this.resumeWhenDrained()
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  /** Resolves once no more than `bytes` are pending, or the connection is closed. */
  async untilPending(bytes: number): Promise<void> {
    while (!this.closed && this.pendingBytes > bytes) await this.whenWritable()
  }

  /** Resolves at the next release, drain or close; check `isHeld` again then. */
  whenReleased(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  /** Stops writes until every `hold` has had its `release`. */
  hold(): void {
    this.holds++
  }

  release(): void {
    if (--this.holds === 0) this.resume()
  }

  /** Runs a read of one group, now or when some of the other groups have been read. */
  limitReads(read: () => Promise<void>): Promise<void> {
    return this.readLimit ? this.readLimit(read) : read()
  }

  /** Runs a task; when it fails, retries each second while the connection is open. */
  run(task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      if (this.closed) return
      this.host.onError(error, 'catching up')
      setTimeout(() => {
        if (!this.closed) this.run(task)
      }, RETRY_MS)
    })
  }

  /** Whether bytes have been pending for `ms` and the kernel accepted none of them. Call it regularly. */
  isStalled(now: number, ms: number): boolean {
    if (this.socket.pendingBytes === 0) {
      this.stalledSince = 0
      return false
    }
    const accepted = this.socket.acceptedBytes
    if (this.stalledSince === 0 || accepted !== this.stalledAtBytes) {
      this.stalledSince = now
      this.stalledAtBytes = accepted
    }
    return now - this.stalledSince >= ms
  }

  /** Called for every pong and every message from the peer. */
  markAlive(): void {
    this.awaitsPong = false
  }

  ping(now: number): void {
    this.pingedAt = now
    this.awaitsPong = true
    this.wroteSincePing = false
    this.socket.ping()
  }

  /** Revokes one of several groups. */
  leave(group: GroupName, reason: string): void {
    if (!this.granted.delete(group)) return
    this.members.get(group)?.leave()
    this.members.delete(group)
    this.send({ type: 'left', group, reason })
  }

  /** Sends the close frame; nothing is written after it. */
  close(code: CloseCode, reason: string): void {
    if (this.closed) return
    this.socket.close(code, reason)
    this.dispose(code)
  }

  /** Closes with 1012 retry=0: the user gained a group, or the session has a new token. */
  restart(): void {
    this.close(CloseCode.serviceRestart, 'retry=0')
  }

  terminate(): void {
    this.socket.terminate()
    this.dispose(1006)
  }

  /** Leaves all groups and wakes waiters. Idempotent. */
  dispose(code: number): void {
    if (this.closed) return
    this.closed = true
    for (const member of this.members.values()) member.leave()
    this.wakeWaiters()
    this.host.detach(this, code)
    this.members.clear()
  }
}
