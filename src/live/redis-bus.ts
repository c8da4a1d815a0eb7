import type { Bus, BusListener } from './bus.js'

/** What the bus needs of a Redis client (ioredis fits); it must not queue while the link is down. */
export interface RedisClient {
  readonly status: string
  publish(channel: string, message: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'ready' | 'close', listener: () => void): unknown
  ping(): Promise<unknown>
}

/** ms that a join may wait for Redis to confirm a subscription */
const SUBSCRIBE_WAIT_MS = 250
/** ms between pings of the subscriber's link: a half-open one is silent for ever otherwise */
const PING_EVERY_MS = 5000
const SUBSCRIBE_BATCH = 500

/**
 * The bus over Redis or Valkey pub/sub, on two links of its own. The wanted channels are kept here and subscribed
 * anew at each `ready`, after which the listener is told to read the log: a subscriber that was cut resubscribes
 * silently and never hears what was published meanwhile.
 */
export class RedisBus implements Bus {
  listener: BusListener | null = null
  private readonly wanted = new Set<string>()
  private readonly pinger: NodeJS.Timeout
  private closed = false

  constructor(
    private readonly publisher: RedisClient,
    private readonly subscriber: RedisClient,
    private readonly prefix: string,
  ) {
    subscriber.on('message', (channel, message) => {
      this.listener?.onMessage(channel.slice(this.prefix.length), message)
    })
    subscriber.on('ready', () => void this.resubscribe())
    this.pinger = setInterval(() => {
      // a ping that is not answered in commandTimeout makes ioredis drop nothing: the plugin's keepAlive does
      if (subscriber.status === 'ready') subscriber.ping().catch(() => {})
    }, PING_EVERY_MS)
    this.pinger.unref()
  }

  get healthy(): boolean {
    return this.subscriber.status === 'ready' && this.publisher.status === 'ready'
  }

  private async resubscribe(): Promise<void> {
    const channels = [...this.wanted].map((channel) => this.prefix + channel)
    try {
      for (let i = 0; i < channels.length; i += SUBSCRIBE_BATCH) {
        await this.subscriber.subscribe(...channels.slice(i, i + SUBSCRIBE_BATCH))
      }
    } catch {
      return // the link went again; its next `ready` comes back here
    }
    if (!this.closed) this.listener?.onReset()
  }

  async subscribe(channel: string): Promise<void> {
    this.wanted.add(channel)
    if (this.subscriber.status !== 'ready') return
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SUBSCRIBE_WAIT_MS)
    })
    const subscribed = this.subscriber.subscribe(this.prefix + channel).then(
      () => {},
      () => {},
    )
    await Promise.race([subscribed, deadline])
    clearTimeout(timer)
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
    this.wanted.clear()
  }
}
