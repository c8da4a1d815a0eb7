import { viewUser } from '../../principal.js'
import { parseClientMessage, readCursor } from '../../protocol/client-messages.js'
import { CloseCode } from '../../protocol/close-codes.js'
import type { GroupName } from '../../protocol/groups.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Connection } from './connection.js'
import type { SocketReader } from './socket-reader.js'

/** invalid messages after which a socket is closed */
const MAX_VIOLATIONS = 5
/** queued `send` messages above which reading from the socket is paused */
const MAX_QUEUED = 16

export type SendMessage = Extract<ClientMessage, { type: 'send' }>
/** The error sent in answer to a refused `send`. */
export interface Refusal {
  code: string
  message: string
}

/** What the handlers of a node's connections need of it. */
export interface ProtocolHost {
  join(connection: Connection, group: GroupName, cursor: number | null): void
  /** seq of the group's last event known to this node */
  headOf(group: GroupName): number | undefined
  /** Schedules the check of the session's end; sends `expiring` at once if less than a minute is left. */
  armDeadline(connection: Connection): void
  /** RFC 3339: since when the node can't read the event log, or null */
  readonly staleSince: string | null
}

export interface ProtocolHandlerOptions {
  connection: Connection
  host: ProtocolHost
  /** null: this socket doesn't accept `send` */
  onSend: ((message: SendMessage) => Promise<Refusal | null>) | null
  /** Pauses and resumes reading from the socket. */
  reader: Pick<SocketReader, 'pause' | 'resume'>
  /** clients without a subprotocol are subscribed to all groups right after `hello`, without cursors */
  autoSubscribe: boolean
}

/** Speaks `houselights.v1` on one connection. */
export class ProtocolHandler {
  private subscribed = false
  private violations = 0
  private queued = 0
  private queue: Promise<void> = Promise.resolve()

  constructor(private readonly options: ProtocolHandlerOptions) {}

  /** Sends `hello`; if the connection is on hold, once it is released. */
  start(): void {
    const { connection, reader } = this.options
    if (!connection.isHeld) return this.greet()
    // messages that arrive meanwhile are handled after `hello`
    reader.pause('greeting')
    connection.run(async () => {
      while (connection.isHeld && !connection.closed) await connection.whenReleased()
      this.greet()
      reader.resume('greeting')
    })
  }

  private greet(): void {
    const { connection, host } = this.options
    if (connection.closed) return
    connection.send({
      type: 'hello',
      connection: connection.id,
      user: viewUser(connection.sessionState.principal),
      groups: [...connection.granted],
      positions: this.positions(),
      sessionExpiresAt: connection.sessionState.endsAt,
      now: new Date().toISOString(),
    })
    connection.greeted = true
    host.armDeadline(connection)
    if (host.staleSince !== null) connection.send({ type: 'stale', since: host.staleSince })
    if (this.options.autoSubscribe) this.subscribe({})
  }

  private positions(): Record<string, number> {
    const positions: Record<string, number> = {}
    for (const group of this.options.connection.granted) {
      const head = this.options.host.headOf(group)
      if (head !== undefined) positions[group] = head
    }
    return positions
  }

  /** Handles one message; `text` is null for a binary one, which is invalid. */
  receive(text: string | null): void {
    const { connection } = this.options
    if (connection.closed) return
    if (text === null) return this.rejectInvalid('invalid_message', 'Messages must be text frames.')
    const parsed = parseClientMessage(text)
    if (!parsed.ok) return this.rejectInvalid(parsed.code, parsed.reason)
    const { message } = parsed
    if (message.type === 'ping') return connection.send({ type: 'pong' })
    if (message.type === 'subscribe') return this.subscribe(message.cursors ?? {})
    this.queueSend(message)
  }

  private subscribe(cursors: Record<string, unknown>): void {
    if (this.subscribed) return this.refuse('already_subscribed', 'A socket can subscribe only once.')
    this.subscribed = true
    const { connection, host } = this.options
    for (const group of connection.granted) {
      host.join(connection, group, Object.hasOwn(cursors, group) ? readCursor(cursors[group]) : null)
    }
  }

  /** Handles `send` messages one after the other. */
  private queueSend(message: SendMessage): void {
    const { onSend, reader } = this.options
    if (!onSend) return this.refuse('not_here', 'This socket does not accept messages.')
    if (++this.queued >= MAX_QUEUED) reader.pause('sends')
    this.queue = this.queue.then(async () => {
      if (!this.options.connection.closed) {
        const refusal = await onSend(message)
        if (refusal) this.refuse(refusal.code, refusal.message)
      }
      if (--this.queued < MAX_QUEUED) reader.resume('sends')
    })
  }

  private rejectInvalid(code: string, reason: string): void {
    this.refuse(code, reason)
    if (++this.violations >= MAX_VIOLATIONS) {
      this.options.connection.close(CloseCode.policyViolation, 'too many invalid messages')
    }
  }

  private refuse(code: string, message: string): void {
    this.options.connection.send({ type: 'error', code, message })
  }
}
