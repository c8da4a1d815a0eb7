import { afterClose } from '../../src/protocol/close-codes.js'
import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.js'
import type { OpenSocket, SocketLike } from '../lib/socket.js'
import { type Clock, Connection, systemClock } from './connection.js'
import type { Hello, LiveEvent } from './messages.js'

/** `broken`: the service closed for a protocol violation (an old page after a deploy): only a reload helps. */
export type LinkState =
  | 'connecting'
  | 'catching-up'
  | 'live'
  | 'stale'
  | 'signed-out'
  | 'forbidden'
  | 'broken'
export interface Link {
  state: LinkState
  /** by the service's clock, in milliseconds since 1970; for `stale` the time of the last frame received */
  since: number
  /** when it became uncertain that the page is up to date, in milliseconds of the monotonic clock; null: it is certain */
  suspectSince: number | null
}
export type Verdict = 'ok' | 'signed-out' | 'forbidden' | 'unreachable'
export type Incoming = Extract<
  ServerMessage,
  { type: 'hello' | 'snapshot' | 'event' | 'expiring' | 'presence' | 'error' }
>

export interface LiveOptions {
  url: string
  onLink(link: Link): void
  onMessage(message: Incoming): void
  /** The data of this group may no longer be shown. */
  onLeft?(group: string): void
  /** The service broke the protocol (a gap, an unreadable frame): worth a log line. */
  onProtocolError?(what: string): void
  /** Called after a refused handshake, for which browsers report only 1006. */
  explainRefusal?(): Promise<Verdict>
  /** default: a new WebSocket */
  open?: OpenSocket
  clock?: Clock
  random?(): number
}

// Shadows the global, so that this file needs no DOM types; Node has one from version 22 on.
declare const WebSocket: new (url: string, protocol: string) => SocketLike

const BACKOFF_BASE_MS = 500
const BACKOFF_CAP_MS = 10_000
/** A link must be live this long before the backoff resets, otherwise it would hammer a service that accepts and then drops. */
const STEADY_AFTER_MS = 5_000
const STOPPED = { signed_out: 'signed-out', forbidden: 'forbidden', protocol: 'broken' } as const

/** A reconnecting client of `houselights.v1`: resumes from its cursors without a gap and knows how fresh it is. */
export class LiveClient {
  readonly #options: LiveOptions
  readonly #clock: Clock
  readonly #cursors = new Map<string, number>()
  #connection: Connection | null = null
  #link: Link
  #attempt = 0
  #greeted = false
  #serverStale = false
  /** Whether only the answer to a ping can make the link live again. */
  #unproven = false
  #suspectSince: number | null = null
  /** Each group's position in the greeting: the link is live once the cursors have reached them. */
  #awaited = new Map<string, number>()
  /** when the last frame arrived, by the service's clock */
  #receivedAt: number
  #cancelRetry: (() => void) | null = null
  #cancelSteady = (): void => {}

  constructor(options: LiveOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#receivedAt = this.#clock.serverNow()
    this.#link = { state: 'connecting', since: this.#receivedAt, suspectSince: null }
  }

  get link(): Link {
    return this.#link
  }

  cursors(): Record<string, number> {
    return Object.fromEntries(this.#cursors)
  }

  /** Connects; also after a stop (signed out, forbidden), once the user has signed in again. */
  start(): void {
    if (this.#connection || this.#cancelRetry) return
    this.#attempt = 0
    this.#connect()
  }

  /** Closes until `start`, without calling `onLink`. */
  stop(): void {
    this.#dropConnection()
    this.#cancelRetry?.()
    this.#cancelRetry = null
  }

  /** The screen is back: reconnects at once, or probes whether the link is still alive. */
  wake(): void {
    if (this.#cancelRetry) this.reconnect()
    else this.probe()
  }

  /** A sign that the link may be dead, such as a call without an answer: asks for proof with a short deadline. */
  probe(): void {
    if (!this.#greeted) return
    this.#suspectSince ??= this.#clock.now()
    this.#connection?.probe()
  }

  /** The network is gone: until the service answers a ping, nothing is up to date. */
  suspect(): void {
    if (!this.#greeted) return
    this.probe()
    this.#unproven = true
    this.#setLink('stale', this.#receivedAt)
  }

  /** The device slept, or the network is another one: the old link proves nothing. */
  reconnect(): void {
    if (!this.#connection && !this.#cancelRetry) return
    this.stop()
    this.#setStale()
    this.start()
  }

  /** False when there is no link: nothing is queued here. */
  send(message: ClientMessage): boolean {
    return this.#greeted && (this.#connection?.send(message) ?? false)
  }

  #connect(): void {
    this.#greeted = false
    this.#serverStale = false
    this.#unproven = false
    this.#connection = new Connection({
      url: this.#options.url,
      open: this.#options.open ?? ((url, protocol) => new WebSocket(url, protocol)),
      clock: this.#clock,
      onMessage: (message) => this.#receive(message),
      onUnreadable: (why) => this.#options.onProtocolError?.(`unreadable frame: ${why}`),
      onClosed: (code, reason) => this.#closed(code, reason),
      onDead: () => this.#retry(null),
    })
  }

  #receive(message: ServerMessage): void {
    this.#receivedAt = this.#clock.serverNow()
    switch (message.type) {
      case 'hello':
        return this.#hello(message)
      case 'snapshot':
        this.#cursors.set(message.group, message.seq)
        this.#options.onMessage(message)
        return this.#goLiveIfCurrent()
      case 'event':
        return this.#event(message)
      case 'left':
        this.#leave(message.group)
        return this.#goLiveIfCurrent()
      case 'pong':
        this.#unproven = false
        if (this.#link.state === 'live') this.#suspectSince = null
        return this.#goLiveIfCurrent()
      case 'stale':
        this.#serverStale = true
        return this.#setLink('stale', Date.parse(message.since) || this.#receivedAt)
      case 'fresh':
        this.#serverStale = false
        return this.#goLiveIfCurrent()
      case 'expiring':
      case 'presence':
      case 'error':
        return this.#options.onMessage(message)
    }
    // A type that this page is too old to know: skipped, as the protocol may grow.
  }

  #hello(message: Hello): void {
    this.#greeted = true
    for (const group of [...this.#cursors.keys()]) if (!message.groups.includes(group)) this.#leave(group)
    this.#awaited = new Map(message.groups.map((group) => [group, message.positions[group] ?? 0]))
    this.#setLink('catching-up')
    this.#options.onMessage(message)
    this.send({ type: 'subscribe', cursors: this.cursors() })
    this.#goLiveIfCurrent()
  }

  #event(message: LiveEvent): void {
    const cursor = this.#cursors.get(message.group)
    if (cursor !== undefined && message.seq <= cursor) {
      this.#options.onProtocolError?.(`${message.group}: event ${message.seq} came again after ${cursor}`)
    } else if (cursor === undefined || message.seq > cursor + 1) {
      this.#options.onProtocolError?.(
        `${message.group}: event ${message.seq} came after ${cursor ?? 'nothing'}`,
      )
      // State with a gap must not be shown: a new link without this cursor gets a fresh snapshot of the group.
      this.#cursors.delete(message.group)
      this.#retry(null)
    } else {
      this.#cursors.set(message.group, message.seq)
      this.#options.onMessage(message)
      this.#goLiveIfCurrent()
    }
  }

  #leave(group: string): void {
    this.#cursors.delete(group)
    this.#awaited.delete(group)
    this.#options.onLeft?.(group)
  }

  #goLiveIfCurrent(): void {
    if (this.#link.state === 'live' || !this.#greeted || this.#serverStale || this.#unproven) return
    for (const [group, seq] of this.#awaited) if ((this.#cursors.get(group) ?? -1) < seq) return
    this.#setLink('live')
    this.#cancelSteady()
    this.#cancelSteady = this.#clock.after(STEADY_AFTER_MS, () => {
      this.#attempt = 0
    })
  }

  #closed(code: number, reason: string): void {
    const next = afterClose(code, reason)
    const isRefused = !this.#greeted && code === 1006
    if (next.action === 'stop') return this.#stopWith(STOPPED[next.why])
    this.#retry(next.delayMs)
    if (isRefused) void this.#checkVerdict()
  }

  async #checkVerdict(): Promise<void> {
    const verdict = await this.#options.explainRefusal?.().catch(() => 'unreachable' as const)
    // Another attempt may have succeeded meanwhile; then the verdict is outdated.
    if (this.#greeted) return
    if (verdict === 'signed-out' || verdict === 'forbidden') this.#stopWith(verdict)
  }

  #stopWith(state: 'signed-out' | 'forbidden' | 'broken'): void {
    this.stop()
    // The next user to sign in must start from a snapshot, not from this user's cursors.
    for (const group of [...this.#cursors.keys()]) this.#leave(group)
    this.#setLink(state)
  }

  /** Drops this link and reconnects: after `delay` when the service named one, else after a backoff with full jitter. */
  #retry(delay: number | null): void {
    this.#dropConnection()
    this.#setStale()
    const random = this.#options.random ?? Math.random
    const wait = delay ?? random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** this.#attempt)
    this.#attempt += 1
    this.#cancelRetry?.()
    this.#cancelRetry = this.#clock.after(wait, () => {
      this.#cancelRetry = null
      this.#connect()
    })
  }

  #dropConnection(): void {
    this.#connection?.drop()
    this.#connection = null
    this.#greeted = false
    this.#cancelSteady()
  }

  #setStale(): void {
    // Before the first link the page shows nothing that could be outdated.
    if (this.#link.state !== 'connecting') this.#setLink('stale', this.#receivedAt)
  }

  #setLink(state: LinkState, since = this.#clock.serverNow()): void {
    if (this.#link.state === state) return
    if (state === 'live') this.#suspectSince = null
    else if (state === 'stale') this.#suspectSince ??= this.#clock.now()
    this.#link = { state, since, suspectSince: this.#suspectSince }
    this.#options.onLink(this.#link)
  }
}
