import { type ClientMessage, type ServerMessage, SUBPROTOCOL } from '../../src/live/protocol.js'
import type { Clock, OpenSocket, SocketLike } from '../lib/socket.js'
import { readServerMessage } from './messages.js'

const OPEN = 1
const CONNECT_DEADLINE = 10_000
const PING_AFTER = 20_000
const PONG_DEADLINE = 8_000
/** when someone looks at the screen again there is less patience */
const QUICK_DEADLINE = 4_000

export interface ConnectionOptions {
  url: string
  open: OpenSocket
  clock: Clock
  onMessage(message: ServerMessage): void
  onUnreadable(why: string): void
  onClosed(code: number, reason: string): void
  /** nothing came back in time: the network lost the socket and did not say so */
  onDead(): void
}

/** One socket from its opening to its end: reads frames, and finds out when it is dead although it looks open. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: SocketLike
  #cancelWait = (): void => {}
  #dropped = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.open(options.url, SUBPROTOCOL)
    this.#wait(CONNECT_DEADLINE, () => options.onDead())
    this.#socket.addEventListener('message', (event) => {
      if (!this.#dropped && typeof event.data === 'string') this.#receive(event.data)
    })
    this.#socket.addEventListener('close', (event) => {
      if (!this.#dropped) options.onClosed(event.code ?? 1006, event.reason ?? '')
    })
    // A close follows and says more; without a listener `ws` would throw.
    this.#socket.addEventListener('error', () => {})
  }

  send(message: ClientMessage): boolean {
    if (this.#dropped || this.#socket.readyState !== OPEN) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  /** Asks for a sign of life, quickly. A connection that is still opening has its own deadline. */
  probe(): void {
    if (this.send({ type: 'ping' })) this.#wait(QUICK_DEADLINE, () => this.#options.onDead())
  }

  /** Lets go: nothing of this socket is heard after it. */
  drop(): void {
    this.#dropped = true
    this.#cancelWait()
    this.#socket.close(1000)
  }

  #receive(frame: string): void {
    // Whatever arrives proves that the link lives, so a busy link is never pinged.
    this.#wait(PING_AFTER, () => this.#ping())
    let message: ServerMessage | null
    try {
      message = readServerMessage(frame)
    } catch (error) {
      return this.#options.onUnreadable(String(error))
    }
    if (message) this.#options.onMessage(message)
  }

  #ping(): void {
    this.send({ type: 'ping' })
    this.#wait(PONG_DEADLINE, () => this.#options.onDead())
  }

  #wait(milliseconds: number, run: () => void): void {
    this.#cancelWait()
    this.#cancelWait = this.#options.clock.after(milliseconds, run)
  }
}
