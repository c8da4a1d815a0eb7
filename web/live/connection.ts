import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.js'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'
import type { OpenSocket, SocketLike } from '../lib/socket.js'
import { parseServerMessage } from './messages.js'

const OPEN = 1
const CONNECT_DEADLINE_MS = 10_000
const PING_AFTER_MS = 20_000
const PONG_DEADLINE_MS = 8_000
/** for a probe: someone is looking at the screen */
const PROBE_DEADLINE_MS = 4_000

/** Injectable time for tests. `after` returns the cancel function. */
export interface Clock {
  now(): number
  after(milliseconds: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}

export interface ConnectionOptions {
  url: string
  open: OpenSocket
  clock: Clock
  onMessage(message: ServerMessage): void
  onUnreadable(why: string): void
  onClosed(code: number, reason: string): void
  /** Nothing arrived in time: the network lost the socket without closing it. */
  onDead(): void
}

/** One socket from open to close: parses frames and detects a dead link that still looks open. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: SocketLike
  #cancelWait = (): void => {}
  #dropped = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.open(options.url, SUBPROTOCOL)
    this.#wait(CONNECT_DEADLINE_MS, () => options.onDead())
    this.#socket.addEventListener('message', (event) => {
      if (!this.#dropped && typeof event.data === 'string') this.#receive(event.data)
    })
    this.#socket.addEventListener('close', (event) => {
      if (!this.#dropped) options.onClosed(event.code ?? 1006, event.reason ?? '')
    })
    // The close event that follows says more; without a listener `ws` would throw.
    this.#socket.addEventListener('error', () => {})
  }

  send(message: ClientMessage): boolean {
    if (this.#dropped || this.#socket.readyState !== OPEN) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  /** Pings with a short deadline. A connection that is still opening has its own. */
  probe(): void {
    if (this.send({ type: 'ping' })) this.#wait(PROBE_DEADLINE_MS, () => this.#options.onDead())
  }

  /** Closes the socket; no callback is called afterwards. */
  drop(): void {
    this.#dropped = true
    this.#cancelWait()
    this.#socket.close(1000)
  }

  #receive(frame: string): void {
    // Any frame proves that the link is alive, so a busy link is never pinged.
    this.#wait(PING_AFTER_MS, () => this.#ping())
    let message: ServerMessage
    try {
      message = parseServerMessage(frame)
    } catch (error) {
      return this.#options.onUnreadable(String(error))
    }
    this.#options.onMessage(message)
  }

  #ping(): void {
    this.send({ type: 'ping' })
    this.#wait(PONG_DEADLINE_MS, () => this.#options.onDead())
  }

  #wait(milliseconds: number, run: () => void): void {
    this.#cancelWait()
    this.#cancelWait = this.#options.clock.after(milliseconds, run)
  }
}
