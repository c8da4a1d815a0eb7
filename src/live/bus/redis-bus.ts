import { withDeadline } from '../../concurrency/deadline.js'
import type { Bus, BusListener } from './bus.js'

/** What the bus needs of a Redis client (ioredis fits); it must not queue while the link is down. */
export interface RedisClient {
  readonly status: string
  publish(channel: string, message: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'ready' | 'close', listener: () => void): unknown
  /** must be rejected when no answer comes in time */
  ping(): Promise<unknown>
  disconnect(reconnect: boolean): void
}

/**
 * ms that a join may wait for Redis to confirm a subscription: with the 200 ms of the question for the user's sockets,
 * which comes before, a handshake waits no more than 250 for it
 */
const SUBSCRIBE_WAIT_MS = 50
/** ms between pings of a link: a half-open one is silent for ever otherwise */
const PING_EVERY_MS = 1000
/** pings without an answer, one after the other, after which a link is given up and made anew */
const MAX_MISSED = 5
const SUBSCRIBE_BATCH = 500
/** ms before a slow Redis is asked for the channels again */
const RESUBSCRIBE_MS = 1000

/**
 * The bus over Redis or Valkey pub/sub, on two links of its own. The wanted channels are kept here and subscribed
 * anew at each `ready`, after which the listener is told to read the log: a subscriber that was cut resubscribes
 * silently and never hears what was published meanwhile.
 */
export class RedisBus implements Bus {
  listener: BusListener | null = null
  private readonly wanted = new Set<string>()
  private readonly links: Link[]
  private readonly pinger: NodeJS.Timeout
  private again: NodeJS.Timeout | null = null
  private closed = false

  constructor(
    private readonly publisher: RedisClient,
    private readonly subscriber: RedisClient,
    private readonly prefix: string,
  ) {
    this.links = [new Link(publisher), new Link(subscriber)]
    subscriber.on('message', (channel, message) => {
      this.listener?.onMessage(channel.slice(this.prefix.length), message)
    })
    subscriber.on('ready', () => void this.resubscribe())
    this.pinger = setInterval(() => {
      for (const link of this.links) link.check()
    }, PING_EVERY_MS)
    this.pinger.unref()
  }

  get healthy(): boolean {
    return this.links.every((link) => link.answers)
  }

  private async resubscribe(): Promise<void> {
    const channels = [...this.wanted]
    try {
      for (let i = 0; i < channels.length; i += SUBSCRIBE_BATCH) {
        // some may have been given up since
        const batch = channels.slice(i, i + SUBSCRIBE_BATCH).filter((channel) => this.wanted.has(channel))
        if (batch.length > 0)
          await this.subscriber.subscribe(...batch.map((channel) => this.prefix + channel))
      }
    } catch {
      // the link went again: its next `ready` comes back here; or Redis was slow
      if (!this.closed && this.subscriber.status === 'ready') this.resubscribeLater()
      return
    }
    if (!this.closed) this.listener?.onReset()
  }

  private resubscribeLater(): void {
    if (this.again) clearTimeout(this.again)
    this.again = setTimeout(() => {
      this.again = null
      if (this.subscriber.status === 'ready') void this.resubscribe()
    }, RESUBSCRIBE_MS)
  }

  async subscribe(channel: string): Promise<void> {
    this.wanted.add(channel)
    if (this.subscriber.status !== 'ready') return
    const subscribed = this.subscriber.subscribe(this.prefix + channel)
    // an unconfirmed subscription makes events late, not lost: the log is polled
    await withDeadline(subscribed, SUBSCRIBE_WAIT_MS, () => new Error('not confirmed')).catch(() => {})
  }

  unsubscribe(channel: string): void {
    this.wanted.delete(channel)
    if (this.subscriber.status === 'ready') this.subscriber.unsubscribe(this.prefix + channel).catch(() => {})
  }

  publish(channel: string, message: string): void {
    if (this.closed || this.publisher.status !== 'ready') return
    this.publisher.publish(this.prefix + channel, message).catch(() => {})
  }

  /** Stops listening. The links belong to who opened them. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.pinger)
    if (this.again) clearTimeout(this.again)
    this.wanted.clear()
  }
}

/** Is there somebody at the other end? TCP alone would notice a silent one after minutes. */
class Link {
  private missed = 0

  constructor(private readonly client: RedisClient) {
    client.on('ready', () => {
      this.missed = 0
    })
  }

  get answers(): boolean {
    return this.client.status === 'ready' && this.missed === 0
  }

  check(): void {
    if (this.client.status !== 'ready') return
    this.client.ping().then(
      () => {
        this.missed = 0
      },
      () => {
        if (++this.missed % MAX_MISSED === 0) this.client.disconnect(true)
      },
    )
  }
}
