import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.js'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'
import { noteServerTime, serverNow, type TimeReading } from '../lib/server-time.js'
import type { OpenSocket, SocketLike } from '../lib/socket.js'
import { parseServerMessage } from './messages.js'

const OPEN = 1
const CONNECT_DEADLINE_MS = 10_000
const PING_AFTER_MS = 20_000
const PONG_DEADLINE_MS = 8_000
/** for a probe: someone is looking at the screen */
const PROBE_DEADLINE_MS = 3_000

/** Injectable time for tests. */
export interface Clock {
  /** milliseconds of the monotonic clock */
  now(): number
  /** the service's time, in milliseconds since 1970 */
  serverNow(): number
  noteServerTime(reading: TimeReading): void
  /** Returns the cancel function. */
  after(milliseconds: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  serverNow,
  noteServerTime,
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
  #probing = false
  readonly #openedAt: number

  constructor(options: ConnectionOptions) {
    this.#options = options
    const openedAt = options.clock.now()
    this.#socket = options.open(options.url, SUBPROTOCOL)
    this.#openedAt = this.#socket.openedAt ?? openedAt
    this.#wait(CONNECT_DEADLINE_MS, () => options.onDead())
    this.#socket.addEventListener('message', (event) => {
      if (!this.#dropped && typeof event.data === 'string') this.#receive(event.data, event.timeStamp)
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

  /**
   * Pings with a short deadline. Only the answer counts: other frames may have been under way before the link broke.
   * A connection that is still opening has its own deadline.
   */
  probe(): void {
    if (this.#probing || !this.send({ type: 'ping' })) return
    this.#probing = true
    this.#wait(PROBE_DEADLINE_MS, () => this.#options.onDead())
  }

  /** Closes the socket; no callback is called afterwards. */
  drop(): void {
    this.#dropped = true
    this.#cancelWait()
    this.#socket.close(1000)
  }

  #receive(frame: string, receivedAt = this.#options.clock.now()): void {
    const message = this.#parse(frame)
    if (message?.type === 'pong') this.#probing = false
    // Any frame proves that the link is alive, so a busy link is never pinged.
    if (!this.#probing) this.#wait(PING_AFTER_MS, () => this.#ping())
    if (!message) return
    if (message.type === 'hello' && message.now) {
      const earliest = Date.parse(message.now)
      const reading = { earliest, latest: earliest + 1, sentAt: this.#openedAt, receivedAt }
      this.#options.clock.noteServerTime(reading)
    }
    this.#options.onMessage(message)
  }

  #parse(frame: string): ServerMessage | null {
    try {
      return parseServerMessage(frame)
    } catch (error) {
      this.#options.onUnreadable(String(error))
      return null
    }
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
