import { viewUser } from '../../principal.js'
import { parseClientMessage, readCursor } from '../../protocol/client-messages.js'
import { CloseCode } from '../../protocol/close-codes.js'
import type { GroupName } from '../../protocol/groups.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Connection } from './connection.js'

/** messages that the protocol does not know, after which a socket is closed */
const MAX_VIOLATIONS = 5
/** messages that may wait for one another; beyond, the socket is not read */
const MAX_WAITING = 16

export type SendMessage = Extract<ClientMessage, { type: 'send' }>
/** What a refused `send` is answered with. */
export interface Refusal {
  code: string
  message: string
}

export interface ProtocolHandlerOptions {
  connection: Connection
  join(group: GroupName, cursor: number | null): void
  /** seq of the last event of a group that this node knows of */
  headOf(group: GroupName): number | undefined
  /** Looks after the session's end, and warns at once if it is near. */
  armDeadline(): void
  /** RFC 3339 of when the node lost the database, or null */
  staleSince(): string | null
  /** null: this socket takes no messages for others */
  onSend: ((message: SendMessage) => Promise<Refusal | null>) | null
  /** Stops and goes on reading from the socket. */
  pause(): void
  resume(): void
  /** without a subprotocol: subscribed to all groups right after `hello`, without cursors */
  subscribesAtOnce: boolean
}

/** The client's side of `houselights.v1` on one connection. Messages are handled one after the other. */
export class ProtocolHandler {
  private subscribed = false
  private violations = 0
  private waiting = 0
  private chain: Promise<void> = Promise.resolve()

  constructor(private readonly options: ProtocolHandlerOptions) {}

  /** Greets. While its rights are still being looked at, once that is done. */
  start(): void {
    const { connection } = this.options
    if (!connection.isHeld) return this.greet()
    // what it says meanwhile is read after the greeting
    this.options.pause()
    connection.run(async () => {
      while (connection.isHeld && !connection.closed) await connection.whenReleased()
      this.options.resume()
      this.greet()
    })
  }

  private greet(): void {
    const { connection } = this.options
    if (connection.closed) return
    connection.send({
      type: 'hello',
      connection: connection.id,
      user: viewUser(connection.admission.principal),
      groups: [...connection.granted],
      positions: this.positions(),
      sessionExpiresAt: connection.admission.endsAt,
    })
    connection.greeted = true
    this.options.armDeadline()
    const since = this.options.staleSince()
    if (since !== null) connection.send({ type: 'stale', since })
    if (this.options.subscribesAtOnce) this.subscribe({})
  }

  private positions(): Record<string, number> {
    const positions: Record<string, number> = {}
    for (const group of this.options.connection.granted) {
      const head = this.options.headOf(group)
      if (head !== undefined) positions[group] = head
    }
    return positions
  }

  /** One message of the client; `text` is null for a binary one, which the protocol does not know. */
  receive(text: string | null): void {
    const { connection } = this.options
    if (connection.closed) return
    if (text === null) return this.violated('invalid_message', 'Messages are text.')
    const parsed = parseClientMessage(text)
    if (!parsed.ok) return this.violated(parsed.code, parsed.reason)
    const { message } = parsed
    if (message.type === 'ping') return connection.send({ type: 'pong' })
    if (message.type === 'subscribe') return this.subscribe(message.cursors ?? {})
    this.queueSend(message)
  }

  private subscribe(cursors: Record<string, unknown>): void {
    if (this.subscribed) return this.refuse('already_subscribed', 'A socket subscribes once.')
    this.subscribed = true
    const { connection, join } = this.options
    for (const group of connection.granted) {
      join(group, Object.hasOwn(cursors, group) ? readCursor(cursors[group]) : null)
    }
  }

  private queueSend(message: SendMessage): void {
    const { onSend } = this.options
    if (!onSend) return this.refuse('not_here', 'This socket takes no messages.')
    if (++this.waiting >= MAX_WAITING) this.options.pause()
    this.chain = this.chain.then(async () => {
      if (!this.options.connection.closed) {
        const refusal = await onSend(message)
        if (refusal) this.refuse(refusal.code, refusal.message)
      }
      if (--this.waiting === MAX_WAITING - 1) this.options.resume()
    })
  }

  private violated(code: string, reason: string): void {
    this.refuse(code, reason)
    if (++this.violations >= MAX_VIOLATIONS) {
      this.options.connection.close(
        CloseCode.policyViolation,
        'too many messages that the protocol does not know',
      )
    }
  }

  private refuse(code: string, message: string): void {
    this.options.connection.send({ type: 'error', code, message })
  }
}
