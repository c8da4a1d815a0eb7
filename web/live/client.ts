import { afterClose } from '../../src/live/close-codes.js'
import type { ClientMessage, ServerMessage } from '../../src/live/protocol.js'
import { type Clock, type OpenSocket, type SocketLike, systemClock } from '../lib/socket.js'
import { Connection } from './connection.js'

/** `broken`: the service refused what this page speaks (an old page after a deploy): only a reload helps. */
export type LinkState =
  | 'connecting'
  | 'catching-up'
  | 'live'
  | 'stale'
  | 'signed-out'
  | 'forbidden'
  | 'broken'
/** `since`: milliseconds of the clock; for `stale` the moment of the last word from the service. */
export interface Link {
  state: LinkState
  since: number
}
export type Verdict = 'ok' | 'signed-out' | 'forbidden' | 'unreachable'
type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>
export type Snapshot = Of<'snapshot'>
export type Incoming = Of<'hello' | 'snapshot' | 'event' | 'expiring' | 'presence' | 'error'>

export interface LiveOptions {
  url: string
  onLink(link: Link): void
  onMessage(message: Incoming): void
  /** what was heard of this group may not be shown any more */
  onLeft?(group: string): void
  /** a broken promise of the service (a gap, an unreadable frame): worth a log line */
  onBug?(what: string): void
  /** asked after a refused handshake, of which a browser is told nothing but 1006 */
  verdict?(): Promise<Verdict>
  /** a new socket to `url`, unless told */
  open?: OpenSocket
  clock?: Clock
  random?(): number
}

// Shadows the global of the same name, so that this file needs no DOM types; Node has one from version 22 on.
declare const WebSocket: new (url: string, protocol: string) => SocketLike

const BACKOFF_BASE = 500
const BACKOFF_CAP = 10_000
/** a link must hold this long before its failures are forgotten, or a service that accepts and drops is hammered */
const STEADY_AFTER = 5_000
const STOPPED = { signed_out: 'signed-out', forbidden: 'forbidden', protocol: 'broken' } as const

/** A reconnecting link of `houselights.v1`: keeps its cursors, misses nothing, says honestly how fresh it is. */
export class LiveClient {
  readonly #options: LiveOptions
  readonly #clock: Clock
  readonly #cursors = new Map<string, number>()
  #connection: Connection | null = null
  #link: Link
  #attempt = 0
  #greeted = false
  #serverStale = false
  /** where each group stood when the service greeted: until then there is something to catch up on */
  #awaited = new Map<string, number>()
  #heardAt: number
  #cancelRetry: (() => void) | null = null
  #cancelSteady = (): void => {}

  constructor(options: LiveOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#heardAt = this.#clock.now()
    this.#link = { state: 'connecting', since: this.#heardAt }
  }

  get link(): Link {
    return this.#link
  }

  cursors(): Record<string, number> {
    return Object.fromEntries(this.#cursors)
  }

  /** Connects; also comes back after a stop (signed out, forbidden), when the person has signed in again. */
  start(): void {
    if (this.#connection || this.#cancelRetry) return
    this.#attempt = 0
    this.#connect()
  }

  /** Closes for good, until `start`. Tells nobody: whoever calls it knows. */
  stop(): void {
    this.#drop()
    this.#cancelRetry?.()
    this.#cancelRetry = null
  }

  /** The network or the screen came back: connect at once, or find out quickly whether the link still lives. */
  wake(): void {
    if (this.#cancelRetry) {
      this.stop()
      this.start()
    } else this.#connection?.probe()
  }

  /** False when there is no link to send on: nothing is queued here. */
  send(message: ClientMessage): boolean {
    return this.#greeted && (this.#connection?.send(message) ?? false)
  }

  #connect(): void {
    this.#greeted = false
    this.#serverStale = false
    this.#connection = new Connection({
      url: this.#options.url,
      open: this.#options.open ?? ((url, protocol) => new WebSocket(url, protocol)),
      clock: this.#clock,
      onMessage: (message) => this.#receive(message),
      onUnreadable: (why) => this.#options.onBug?.(`unreadable frame: ${why}`),
      onClosed: (code, reason) => this.#closed(code, reason),
      onDead: () => this.#retry(null),
    })
  }

  #receive(message: ServerMessage): void {
    this.#heardAt = this.#clock.now()
    switch (message.type) {
      case 'hello':
        return this.#hello(message)
      case 'snapshot':
        this.#cursors.set(message.group, message.seq)
        this.#options.onMessage(message)
        return this.#settle()
      case 'event':
        return this.#event(message)
      case 'left':
        this.#leave(message.group)
        return this.#settle()
      case 'pong':
        return
      case 'stale':
        this.#serverStale = true
        return this.#tell('stale', Date.parse(message.since) || this.#heardAt)
      case 'fresh':
        this.#serverStale = false
        return this.#settle()
      default:
        this.#options.onMessage(message)
    }
  }

  #hello(message: Of<'hello'>): void {
    this.#greeted = true
    for (const group of [...this.#cursors.keys()]) if (!message.groups.includes(group)) this.#leave(group)
    this.#awaited = new Map(message.groups.map((group) => [group, message.positions[group] ?? 0]))
    this.#tell('catching-up')
    this.#options.onMessage(message)
    this.send({ type: 'subscribe', cursors: this.cursors() })
    this.#settle()
  }

  #event(message: Of<'event'>): void {
    const cursor = this.#cursors.get(message.group)
    if (cursor !== undefined && message.seq <= cursor) {
      this.#options.onBug?.(`${message.group}: event ${message.seq} came again after ${cursor}`)
    } else if (cursor === undefined || message.seq > cursor + 1) {
      this.#options.onBug?.(`${message.group}: event ${message.seq} came after ${cursor ?? 'nothing'}`)
      // State with a hole must not be shown as whole: a fresh snapshot of this group, through a new link.
      this.#cursors.delete(message.group)
      this.#retry(null)
    } else {
      this.#cursors.set(message.group, message.seq)
      this.#options.onMessage(message)
      this.#settle()
    }
  }

  #leave(group: string): void {
    this.#cursors.delete(group)
    this.#awaited.delete(group)
    this.#options.onLeft?.(group)
  }

  #settle(): void {
    if (this.#link.state === 'live' || !this.#greeted || this.#serverStale) return
    for (const [group, seq] of this.#awaited) if ((this.#cursors.get(group) ?? -1) < seq) return
    this.#tell('live')
    this.#cancelSteady()
    this.#cancelSteady = this.#clock.after(STEADY_AFTER, () => {
      this.#attempt = 0
    })
  }

  #closed(code: number, reason: string): void {
    const next = afterClose(code, reason)
    const refused = !this.#greeted && code === 1006
    if (next.action === 'stop') return this.#halt(STOPPED[next.why])
    this.#retry(next.delayMs)
    if (refused) void this.#askWhy()
  }

  async #askWhy(): Promise<void> {
    const verdict = await this.#options.verdict?.().catch(() => 'unreachable' as const)
    // By now another attempt may have succeeded; then the answer is old.
    if (this.#greeted) return
    if (verdict === 'signed-out' || verdict === 'forbidden') this.#halt(verdict)
  }

  #halt(state: 'signed-out' | 'forbidden' | 'broken'): void {
    this.stop()
    // A right that ended leaves no cursor to come back with: whoever signs in next begins with a snapshot.
    for (const group of [...this.#cursors.keys()]) this.#leave(group)
    this.#tell(state)
  }

  /** Gives up this link and comes back: after `delay` when the service named one, else after a random while. */
  #retry(delay: number | null): void {
    this.#drop()
    if (this.#link.state !== 'connecting') this.#tell('stale', this.#heardAt)
    const random = this.#options.random ?? Math.random
    const wait = delay ?? random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** this.#attempt)
    this.#attempt += 1
    this.#cancelRetry?.()
    this.#cancelRetry = this.#clock.after(wait, () => {
      this.#cancelRetry = null
      this.#connect()
    })
  }

  #drop(): void {
    this.#connection?.drop()
    this.#connection = null
    this.#greeted = false
    this.#cancelSteady()
  }

  #tell(state: LinkState, since = this.#clock.now()): void {
    if (this.#link.state === state) return
    this.#link = { state, since }
    this.#options.onLink(this.#link)
  }
}
