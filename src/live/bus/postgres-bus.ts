import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { withDeadline } from '../../concurrency/deadline.js'
import { StandingConnection } from '../../database/standing-connection.js'
import type { Bus, BusListener } from './bus.js'
import type { BusProblem } from './bus-problem.js'
import { type BusMessage, encodeNotices, NOTIFY, NoticeReader, noticeChannel } from './notices.js'

/** ms between checks that the node’s own notices arrive */
const CHECK_EVERY_MS = 1000
/** consecutive failed checks after which both connections are opened again */
const MAX_FAILED = 5
/** messages that wait while PostgreSQL does not answer; others are dropped */
const MAX_PENDING = 10_000
/** ms that `close` waits for the last messages to be sent */
const CLOSE_MS = 500

/**
 * Bus over PostgreSQL’s LISTEN and NOTIFY: one channel, one connection that listens and one that sends. Notices are sent
 * outside the transactions of events, as a NOTIFY makes commits wait for each other, and together, one statement at a
 * time.
 *
 * It is healthy only while the node’s own notices arrive. Through a pooler in transaction mode LISTEN succeeds and
 * nothing ever comes. They are sent on the other connection: a sender is sent its own notices together with the
 * statement’s result, which works through such a pooler too and would prove nothing.
 */
export class PostgresBus implements Bus {
  listener: BusListener | null = null
  readonly carriesEvents = false
  private readonly node = randomUUID().slice(0, 8)
  private readonly channel: string
  private readonly wanted = new Set<string>()
  private readonly reader = new NoticeReader()
  private readonly listening: StandingConnection
  private readonly sending: StandingConnection
  private readonly checker: NodeJS.Timeout
  private pending: BusMessage[] = []
  private flush: Promise<void> | null = null
  /** number of the last batch that was sent, and of the last that came back */
  private sent = 0
  private arrived = 0
  /** the batch that the next check expects to have come back; null: none was sent */
  private expected: number | null = null
  private failed = 0
  private isProven = false
  /** send a batch even if it is empty, and after the one under way */
  private isProbeDue = false
  private readonly waiting = new Set<() => void>()

  constructor(url: string, prefix: string) {
    this.channel = noticeChannel(prefix)
    this.listening = new StandingConnection({
      url,
      name: 'houselights-listen',
      setUp: `LISTEN ${pg.escapeIdentifier(this.channel)}`,
      onOpen: () => {
        this.reader.reset()
        this.prove()
      },
      onNotice: (payload) => this.onNotice(payload),
    })
    this.sending = new StandingConnection({ url, name: 'houselights-notify', onOpen: () => this.prove() })
    // after the input of this iteration: on a busy node the awaited notice may have arrived with the timer
    this.checker = setInterval(() => setImmediate(() => this.check()), CHECK_EVERY_MS)
    this.checker.unref()
  }

  get healthy(): boolean {
    return this.problem === null
  }

  get problem(): BusProblem | null {
    if (!this.isConnected) return 'away'
    if (!this.isProven) return 'listen_unavailable'
    return this.failed === 0 ? null : 'silent'
  }

  private get isConnected(): boolean {
    return this.listening.isOpen && this.sending.isOpen
  }

  /** Resolves once the bus is healthy, or after `ms`, to whether it is. */
  async ready(ms: number): Promise<boolean> {
    if (this.healthy) return true
    let done = () => {}
    const healthy = new Promise<void>((resolve) => {
      done = resolve
      this.waiting.add(resolve)
    })
    await withDeadline(healthy, ms, () => new Error('not healthy')).catch(() => {})
    this.waiting.delete(done)
    return this.healthy
  }

  async subscribe(channel: string): Promise<void> {
    this.wanted.add(channel)
  }

  unsubscribe(channel: string): void {
    this.wanted.delete(channel)
  }

  publish(channel: string, message: string): void {
    if (!this.sending.isOpen || this.pending.length >= MAX_PENDING) return
    this.pending.push([channel, message])
    this.send()
  }

  /** Sends what is pending after this iteration of the event loop, or after the statement under way. */
  private send(): void {
    this.flush ??= new Promise((resolve) => setImmediate(resolve))
      .then(async () => {
        do {
          const messages = this.pending
          this.pending = []
          this.isProbeDue = false
          const batch = { sender: this.node, number: ++this.sent, messages }
          await this.sending.query(NOTIFY, [this.channel, encodeNotices(batch)])
        } while (this.pending.length > 0 || this.isProbeDue)
      })
      .catch(() => {
        // nothing is sent late: receivers read the log
        this.pending = []
      })
      .finally(() => {
        this.flush = null
      })
  }

  private onNotice(payload: string): void {
    const batch = this.reader.read(payload)
    if (!batch) return
    if (batch.sender === this.node) return this.onOwn(batch.number)
    for (const [channel, message] of batch.messages) {
      if (this.wanted.has(channel)) this.listener?.onMessage(channel, message)
    }
  }

  private onOwn(number: number): void {
    this.arrived = Math.max(this.arrived, number)
    const wasHealthy = this.healthy
    this.isProven = true
    this.failed = 0
    if (wasHealthy || !this.healthy) return
    for (const done of this.waiting) done()
    this.listener?.onReset()
  }

  /** A connection was opened: healthy again once a notice has come back. */
  private prove(): void {
    this.isProven = false
    this.failed = 0
    this.expected = null
    this.isProbeDue = true
    if (this.isConnected) this.send()
  }

  private check(): void {
    if (!this.isConnected) return
    if (this.expected !== null && this.arrived < this.expected) {
      if (++this.failed % MAX_FAILED === 0) {
        this.listening.reconnect()
        this.sending.reconnect()
        return
      }
    }
    // one under way is expected instead of a new one
    this.expected = this.flush ? this.sent : this.sent + 1
    this.send()
  }

  async close(): Promise<void> {
    clearInterval(this.checker)
    this.wanted.clear()
    const { flush } = this
    if (flush) await withDeadline(flush, CLOSE_MS, () => new Error('not sent')).catch(() => {})
    this.listening.close()
    this.sending.close()
  }
}
