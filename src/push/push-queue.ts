import pLimit from 'p-limit'
import { type PushKind, type PushPayload, tagOf } from '../protocol/push-message.js'
import type { Notice, Recipient } from './push-recipients.js'
import type { PushMessage, PushOutcome } from './push-sender.js'

export interface PushHost {
  /** those that notices go to now; `only`: none but this subscription */
  find(notices: readonly Notice[], only: number | null): Promise<Recipient[]>
  send(recipient: Recipient, message: PushMessage): Promise<PushOutcome>
  /** Deletes a subscription that the push service no longer knows. */
  remove(subscriptionId: number): Promise<void>
  /** is called with each outcome, and with `dropped` where there were too many */
  onOutcome(outcome: PushOutcome | { kind: 'dropped' }): void
  onError(error: unknown): void
}

/** ms in which notices are gathered, for one query */
const GATHER_MS = 50
/** notices, and messages, that may wait; more are dropped */
const MAX_WAITING = 1000
const CONCURRENCY = 16
/** ms before each further try */
const RETRY_MS = [2000, 10_000, 30_000]
const LONGEST_RETRY_MS = 60_000

const MINUTE = 60
/** seconds for which each kind is of use to somebody who was away */
const TTL: Record<PushKind, number> = {
  'new-order': 30 * MINUTE,
  'on-its-way': 15 * MINUTE,
  'not-yet': 15 * MINUTE,
  cancelled: 4 * 60 * MINUTE,
  answer: 60 * MINUTE,
  refunded: 24 * 60 * MINUTE,
}

export function messageFor({ notice: { kind, orderId }, language }: Recipient): PushMessage {
  const payload: PushPayload = { kind, order: orderId, language }
  return {
    payload: JSON.stringify(payload),
    ttl: TTL[kind],
    urgency: kind === 'refunded' ? 'normal' : 'high',
    topic: tagOf(payload),
  }
}

/**
 * Sends what a commit of this node means to people, after the commit: no other node sends it. It is kept in memory, so it is
 * lost with the process, and never sent twice. Each try asks anew who may have it.
 */
export class PushQueue {
  private waiting: Notice[] = []
  private gathering: NodeJS.Timeout | null = null
  private readonly retries = new Set<NodeJS.Timeout>()
  private readonly limit = pLimit(CONCURRENCY)
  /** look-ups, messages and waits for a further try that are under way */
  private readonly work = new Set<Promise<void>>()
  private closed = false

  constructor(
    private readonly host: PushHost,
    private readonly retryMs: readonly number[] = RETRY_MS,
  ) {}

  /** Never throws or waits. */
  add(notices: readonly Notice[]): void {
    if (this.closed || notices.length === 0) return
    for (const notice of notices) {
      if (this.waiting.length < MAX_WAITING) this.waiting.push(notice)
      else this.host.onOutcome({ kind: 'dropped' })
    }
    this.gathering ??= setTimeout(() => this.sendGathered(), GATHER_MS)
  }

  private sendGathered(): void {
    const notices = this.waiting
    this.waiting = []
    this.gathering = null
    this.track(this.start(notices, null, 0))
  }

  private track(task: Promise<void>): void {
    const done = task.finally(() => this.work.delete(done))
    this.work.add(done)
  }

  private async start(notices: readonly Notice[], only: number | null, tries: number): Promise<void> {
    try {
      for (const recipient of await this.host.find(notices, only)) this.enqueue(recipient, tries)
    } catch (error) {
      this.host.onError(error)
    }
  }

  private enqueue(recipient: Recipient, tries: number): void {
    if (this.closed) return
    if (this.limit.pendingCount >= MAX_WAITING) return this.host.onOutcome({ kind: 'dropped' })
    const sent = this.limit(() => this.sendOne(recipient, tries))
    this.track(sent.catch((error: unknown) => this.host.onError(error)))
  }

  private async sendOne(recipient: Recipient, tries: number): Promise<void> {
    if (this.closed) return
    const outcome = await this.host.send(recipient, messageFor(recipient))
    if (this.closed) return
    this.host.onOutcome(outcome)
    if (outcome.kind === 'gone') await this.host.remove(recipient.subscriptionId)
    if (outcome.kind === 'again') this.retry(recipient, tries, outcome.retryAfterMs)
  }

  private retry({ notice, subscriptionId }: Recipient, tries: number, retryAfterMs: number | null): void {
    const wait = this.retryMs[tries]
    if (wait === undefined || this.retries.size >= MAX_WAITING) return
    const waited = new Promise<void>((resolve) => {
      const timer = setTimeout(
        () => {
          this.retries.delete(timer)
          resolve()
        },
        Math.min(LONGEST_RETRY_MS, Math.max(wait, retryAfterMs ?? 0)),
      )
      this.retries.add(timer)
    })
    this.track(waited.then(() => this.start([notice], subscriptionId, tries + 1)))
  }

  /**
   * For a process that ends: resolves once all that was added has been sent or given up, or after that time. Nothing may be
   * added meanwhile.
   */
  async finish(timeoutMs: number): Promise<void> {
    if (this.gathering) {
      clearTimeout(this.gathering)
      this.sendGathered()
    }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late')
    })
    while (this.work.size > 0 && (await Promise.race([late, Promise.all(this.work)])) !== 'late');
    clearTimeout(timer)
  }

  close(): void {
    this.closed = true
    if (this.gathering) clearTimeout(this.gathering)
    for (const timer of this.retries) clearTimeout(timer)
    this.limit.clearQueue()
  }
}
