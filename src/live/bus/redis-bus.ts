import { withDeadline } from '../../concurrency/deadline.js'
import type { Bus, BusListener } from './bus.js'

/** The part of ioredis that is used. The client must have no offline queue. */
export interface RedisClient {
  readonly status: string
  publish(channel: string, message: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'ready' | 'close', listener: () => void): unknown
  /** must reject after a timeout */
  ping(): Promise<unknown>
  disconnect(reconnect: boolean): void
}

/**
 * ms to wait for Redis to confirm a subscription. With the 200 ms for counting the user's sockets before it, a handshake
 * waits at most 250 ms for Redis
 */
const SUBSCRIBE_WAIT_MS = 50
/** ms between pings that detect a half-open link */
const PING_EVERY_MS = 1000
/** consecutive failed pings after which a link is reconnected */
const MAX_FAILED = 5
const SUBSCRIBE_BATCH = 500
/** ms before a failed resubscription is retried */
const RESUBSCRIBE_MS = 1000

/**
 * Bus over Redis or Valkey pub/sub, with two links of its own. Resubscribes at each `ready` and then calls `onReset`:
 * ioredis's own resubscription is silent, so that messages lost while the link was down would go unnoticed.
 */
export class RedisBus implements Bus {
  listener: BusListener | null = null
  readonly carriesEvents = true
  private readonly wanted = new Set<string>()
  private readonly links: Link[]
  private readonly pinger: NodeJS.Timeout
  private retry: NodeJS.Timeout | null = null
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
    return this.links.every((link) => link.healthy)
  }

  private async resubscribe(): Promise<void> {
    const channels = [...this.wanted]
    try {
      for (let i = 0; i < channels.length; i += SUBSCRIBE_BATCH) {
        // some may have been unsubscribed meanwhile
        const batch = channels.slice(i, i + SUBSCRIBE_BATCH).filter((channel) => this.wanted.has(channel))
        if (batch.length > 0)
          await this.subscriber.subscribe(...batch.map((channel) => this.prefix + channel))
      }
    } catch {
      // if the link is down again, its next `ready` calls this again; else Redis was slow
      if (!this.closed && this.subscriber.status === 'ready') this.retryResubscribe()
      return
    }
    if (!this.closed) this.listener?.onReset()
  }

  private retryResubscribe(): void {
    if (this.retry) clearTimeout(this.retry)
    this.retry = setTimeout(() => {
      this.retry = null
      if (this.subscriber.status === 'ready') void this.resubscribe()
    }, RESUBSCRIBE_MS)
  }

  async subscribe(channel: string): Promise<void> {
    this.wanted.add(channel)
    if (this.subscriber.status !== 'ready') return
    const subscribed = this.subscriber.subscribe(this.prefix + channel)
    // an unconfirmed subscription only delays events: the log is polled
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

  /** Stops pings and resubscription. Does not close the links. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.pinger)
    if (this.retry) clearTimeout(this.retry)
    this.wanted.clear()
  }
}

/** Detects a peer that is silent without closing, which TCP alone notices only after minutes. */
class Link {
  private failed = 0

  constructor(private readonly client: RedisClient) {
    client.on('ready', () => {
      this.failed = 0
    })
  }

  get healthy(): boolean {
    return this.client.status === 'ready' && this.failed === 0
  }

  check(): void {
    if (this.client.status !== 'ready') return
    this.client.ping().then(
      () => {
        this.failed = 0
      },
      () => {
        if (++this.failed % MAX_FAILED === 0) this.client.disconnect(true)
      },
    )
  }
}
