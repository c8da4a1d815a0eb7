import type { StoredEvent } from '../../events/event-log.js'
import type { Principal } from '../../principal.js'
import { CloseCode } from '../../protocol/close-codes.js'
import type { GroupName } from '../../protocol/groups.js'
import type { ServerMessage } from '../../protocol/messages.js'
import { encodeMessage } from './frames.js'

/** What the engine needs of a socket; the plugin makes one of `ws`. */
export interface LiveSocket {
  /** Hands framed bytes to the stream, behind whatever waits there. */
  write(frames: Buffer): void
  /** bytes that the kernel has not taken yet */
  readonly pendingBytes: number
  /** bytes that the kernel has taken since the socket opened */
  readonly takenBytes: number
  /** Calls back once, when all that waits now has been taken, or the socket is gone. */
  onceDrained(callback: () => void): void
  ping(): void
  /** Queues the close frame; the connection is cut 5 s later if the peer does not answer. */
  close(code: CloseCode, reason: string): void
  terminate(): void
}

/** What a connection was let in for: asked again at every change of rights. */
export interface Admission {
  /** public id of the session */
  sessionId: string
  principal: Principal
  /** ms until the session ends, as of `readAt` */
  remainingMs: number
  /** performance.now() of the reading */
  readAt: number
  /** RFC 3339: when the session ends unless HTTP prolongs it */
  endsAt: string
  /** epoch of the snapshot in which all this was read */
  epoch: number
}

/** The rule of a socket route: which groups this principal may hear here. None: nothing, 4403. */
export type Guard = (principal: Principal) => GroupName[]

/** What a connection needs of its node. */
export interface ConnectionHost {
  readHead(group: GroupName): Promise<number>
  readLog(group: GroupName, after: number, limit: number): Promise<readonly StoredEvent[]>
  reachEpoch(epoch: number): Promise<void>
  forget(connection: Connection, code: number): void
  /** Tells one connection how many are present in a group that it hears. */
  showPresence(connection: Connection, group: GroupName): void
  onError(error: unknown, doing: string): void
}

/** What a connection needs of its membership of one group. */
export interface Subscription {
  /** the number of staff present changed while the socket had no room */
  owesPresence: boolean
  pump(): void
  leave(): void
}

export interface ConnectionOptions {
  id: string
  socket: LiveSocket
  guard: Guard
  groups: readonly GroupName[]
  admission: Admission
  host: ConnectionHost
}

/** ms before a read that failed (the database is away) is tried again */
const RETRY_MS = 1000

/**
 * One socket: what it may hear, where it stands in each group, and whether bytes may go out just now. While a
 * change of rights is being looked at it is held: nothing is written to it.
 */
export class Connection {
  readonly id: string
  readonly guard: Guard
  readonly host: ConnectionHost
  readonly openedAt = performance.now()
  readonly members = new Map<GroupName, Subscription>()
  /** the groups it may hear; members of them once it subscribed */
  readonly granted: Set<GroupName>
  /** a page of the staff: present in what it hears, while its user is staff */
  isScreen = false
  admission: Admission
  closed = false
  /** `hello` is out: other messages may follow */
  greeted = false
  /** performance.now() of the last ping, and of its answer */
  pingedAt = this.openedAt
  awaitsPong = false
  /** events went out since the last ping: its answer may have to wait for a slow reader */
  wroteSincePing = false
  private readonly socket: LiveSocket
  private holds = 0
  private draining = false
  private waiters: (() => void)[] = []
  private readonly retries = new Set<NodeJS.Timeout>()

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.socket = options.socket
    this.guard = options.guard
    this.admission = options.admission
    this.granted = new Set(options.groups)
    this.host = options.host
  }

  get isHeld(): boolean {
    return this.holds > 0
  }

  get pendingBytes(): number {
    return this.socket.pendingBytes
  }

  /** May events be written now? Not while it is held or while bytes wait in the socket. */
  get hasRoom(): boolean {
    return !this.closed && this.holds === 0 && this.socket.pendingBytes === 0
  }

  /** Hands framed bytes over. Only for what this connection may hear, and not while it is held. */
  write(frames: Buffer): void {
    if (this.closed) return
    this.socket.write(frames)
    this.wroteSincePing = true
    if (this.socket.pendingBytes > 0) this.awaitDrain()
  }

  /** Sends a message; none goes out before `hello`. */
  send(message: ServerMessage): void {
    if (this.greeted || message.type === 'hello') this.write(encodeMessage(message))
  }

  /** Pumps its members once what waits in the socket has been taken. */
  goOnWhenDrained(): void {
    if (!this.closed && this.socket.pendingBytes > 0) this.awaitDrain()
  }

  private awaitDrain(): void {
    if (this.draining) return
    this.draining = true
    this.socket.onceDrained(() => {
      this.draining = false
      this.goOn()
    })
  }

  private goOn(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const wake of waiters) wake()
    for (const [group, member] of this.members) {
      if (member.owesPresence && this.hasRoom) {
        member.owesPresence = false
        this.host.showPresence(this, group)
      }
      member.pump()
    }
  }

  /** Resolves at the next drain, release or close: look again then. */
  whenRoom(): Promise<void> {
    this.goOnWhenDrained()
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  whenReleased(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  /** Stops all that goes out until `release`, as often as it was held. */
  hold(): void {
    this.holds++
  }

  release(): void {
    if (--this.holds === 0) this.goOn()
  }

  /** Runs a task; when the database fails it, tries again each second while the connection is open. */
  run(task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      if (this.closed) return
      this.host.onError(error, 'catching up')
      const timer = setTimeout(() => {
        this.retries.delete(timer)
        this.run(task)
      }, RETRY_MS)
      this.retries.add(timer)
    })
  }

  private stalledAt = 0
  private stalledTaken = 0

  /** Has the peer taken nothing for `ms` of what waits for it? */
  isStalled(now: number, ms: number): boolean {
    if (this.socket.pendingBytes === 0) {
      this.stalledAt = 0
      return false
    }
    const taken = this.socket.takenBytes
    if (this.stalledAt === 0 || taken !== this.stalledTaken) {
      this.stalledAt = now
      this.stalledTaken = taken
    }
    return now - this.stalledAt >= ms
  }

  /** The answer to a ping, or any other sign of life. */
  heard(): void {
    this.awaitsPong = false
  }

  ping(now: number): void {
    this.pingedAt = now
    this.awaitsPong = true
    this.wroteSincePing = false
    this.socket.ping()
  }

  /** Ends one right of several. */
  leave(group: GroupName, reason: string): void {
    if (!this.granted.delete(group)) return
    this.members.get(group)?.leave()
    this.members.delete(group)
    this.send({ type: 'left', group, reason })
  }

  /** Nothing goes out after the close frame. */
  close(code: CloseCode, reason: string): void {
    if (this.closed) return
    this.socket.close(code, reason)
    this.ended(code)
  }

  /** Closes with 1012 retry=0: the user gained a group. */
  restart(): void {
    this.close(CloseCode.serviceRestart, 'retry=0')
  }

  terminate(): void {
    this.socket.terminate()
    this.ended(1006)
  }

  /** The socket is gone, or as good as: forgets everything about it. Safe to call twice. */
  ended(code: number): void {
    if (this.closed) return
    this.closed = true
    for (const member of this.members.values()) member.leave()
    for (const timer of this.retries) clearTimeout(timer)
    this.retries.clear()
    const waiters = this.waiters
    this.waiters = []
    for (const wake of waiters) wake()
    this.host.forget(this, code)
    this.members.clear()
  }
}
