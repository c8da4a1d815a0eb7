import { randomUUID } from 'node:crypto'
import { withDeadline } from '../../concurrency/deadline.js'
import { type Corkable, gatherWrites } from '../../concurrency/gather-writes.js'
import type { Bus, BusListener } from './bus.js'
import { type BusProblem, redisProblem } from './bus-problem.js'

/** The part of ioredis that is used. The client must have no offline queue. */
export interface RedisClient {
  readonly status: string
  publish(channel: string, message: string): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'ready' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  /** must reject after a timeout */
  ping(): Promise<unknown>
  disconnect(reconnect: boolean): void
  /** of the connection; another one after a reconnection */
  readonly stream: Corkable
}

/**
 * ms to wait for Redis to confirm a subscription. With the 200 ms for counting the user's sockets before it, a handshake
 * waits at most 250 ms for Redis
 */
const SUBSCRIBE_WAIT_MS = 50
/** ms between pings that detect a half-open link, and between the bus's messages to itself */
const PING_EVERY_MS = 1000
/** consecutive failed pings after which a link is reconnected */
const MAX_FAILED = 5
const SUBSCRIBE_BATCH = 500
/** ms before a failed resubscription is retried */
const RESUBSCRIBE_MS = 1000

/**
 * Bus over Redis or Valkey pub/sub, with two links of its own. Resubscribes at each `ready` and then calls `onReset`:
 * ioredis's own resubscription is silent, so that messages lost while the link was down would go unnoticed.
 *
 * It is healthy only while messages to itself arrive: links may be up while the user lacks the right to the channels, which
 * is what Redis 7 gives new users.
 */
export class RedisBus implements Bus {
  listener: BusListener | null = null
  readonly carriesEvents = true
  private readonly wanted = new Set<string>()
  private readonly links: Link[]
  private readonly timer: NodeJS.Timeout
  private readonly probeChannel: string
  private probesSent = 0
  private probesArrived = 0
  private isProven = false
  /** why a subscription or publication failed on a link that is up; null: it did not */
  private refused: BusProblem | null = null
  private retry: NodeJS.Timeout | null = null
  private closed = false

  constructor(
    private readonly publisher: RedisClient,
    private readonly subscriber: RedisClient,
    private readonly prefix: string,
  ) {
    this.links = [new Link(publisher), new Link(subscriber)]
    this.probeChannel = `${prefix}probe:${randomUUID().slice(0, 8)}`
    subscriber.on('message', (channel, message) => {
      if (channel === this.probeChannel) this.onProbe(Number(message))
      else this.listener?.onMessage(channel.slice(this.prefix.length), message)
    })
    subscriber.on('ready', () => void this.resubscribe())
    publisher.on('ready', () => this.prove())
    // after the input of this iteration: on a busy node the awaited message may have arrived with the timer
    this.timer = setInterval(() => setImmediate(() => this.check()), PING_EVERY_MS)
    this.timer.unref()
    if (subscriber.status === 'ready') void this.resubscribe()
  }

  get healthy(): boolean {
    return this.problem === null
  }

  get problem(): BusProblem | null {
    for (const { problem } of this.links) if (problem !== null) return problem
    return this.refused ?? (this.isProven ? null : 'silent')
  }

  private async resubscribe(): Promise<void> {
    this.isProven = false
    const channels = [...this.wanted]
    try {
      await this.subscriber.subscribe(this.probeChannel)
      for (let i = 0; i < channels.length; i += SUBSCRIBE_BATCH) {
        // some may have been unsubscribed meanwhile
        const batch = channels.slice(i, i + SUBSCRIBE_BATCH).filter((channel) => this.wanted.has(channel))
        if (batch.length > 0)
          await this.subscriber.subscribe(...batch.map((channel) => this.prefix + channel))
      }
    } catch (error) {
      this.onRefused(error)
      return
    }
    this.refused = null
    this.prove()
    if (!this.closed) this.listener?.onReset()
  }

  /** If the link is down again, its next `ready` resubscribes; else Redis was slow, or refuses. */
  private onRefused(error: unknown): void {
    if (this.closed || this.subscriber.status !== 'ready') return
    const problem = redisProblem(error)
    if (problem !== 'away') this.refused = problem
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
    subscribed.catch((error: unknown) => this.onRefused(error))
    // an unconfirmed subscription only delays events: the log is polled
    await withDeadline(subscribed, SUBSCRIBE_WAIT_MS, () => new Error('not confirmed')).catch(() => {})
  }

  unsubscribe(channel: string): void {
    this.wanted.delete(channel)
    if (this.subscriber.status === 'ready') this.subscriber.unsubscribe(this.prefix + channel).catch(() => {})
  }

  publish(channel: string, message: string): void {
    if (this.closed || this.publisher.status !== 'ready') return
    // a commit has a message for each of its groups
    gatherWrites(this.publisher.stream)
    this.publisher.publish(this.prefix + channel, message).catch(() => {})
  }

  /** Sends the bus a message; while the last one is missing it is not healthy. */
  private prove(): void {
    if (this.closed || this.publisher.status !== 'ready' || this.refused !== null) return
    this.publisher.publish(this.probeChannel, String(++this.probesSent)).catch((error: unknown) => {
      const problem = redisProblem(error)
      // retried with the subscriptions
      if (problem !== 'away') this.onRefused(error)
    })
  }

  private onProbe(number: number): void {
    this.probesArrived = Math.max(this.probesArrived, number)
    if (number === this.probesSent) this.isProven = true
  }

  private check(): void {
    for (const link of this.links) link.check()
    if (this.links.some(({ problem }) => problem !== null)) return
    if (this.probesArrived < this.probesSent) this.isProven = false
    this.prove()
  }

  /** Stops pings and resubscription. Does not close the links. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    if (this.retry) clearTimeout(this.retry)
    this.wanted.clear()
  }
}

/** Detects a peer that is silent without closing, which TCP alone notices only after minutes. */
class Link {
  private failed = 0
  /** why it is not connected */
  private lost: BusProblem = 'away'

  constructor(private readonly client: RedisClient) {
    client.on('ready', () => {
      this.failed = 0
      this.lost = 'away'
    })
    client.on('error', (error) => {
      const problem = redisProblem(error)
      // the connection's end may follow, which says less
      if (problem !== 'away') this.lost = problem
    })
  }

  get problem(): BusProblem | null {
    if (this.client.status !== 'ready') return this.lost
    return this.failed === 0 ? null : 'silent'
  }

  check(): void {
    if (this.client.status !== 'ready') return
    this.client.ping().then(
      () => {
        this.failed = 0
      },
      (error: unknown) => {
        // a reply, if only a refusal
        if (redisProblem(error) !== 'away') this.failed = 0
        else if (++this.failed % MAX_FAILED === 0) this.client.disconnect(true)
      },
    )
  }
}
