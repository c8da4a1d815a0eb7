import { LRUCache } from 'lru-cache'
import { unavailable } from '../errors.js'
import { atMost } from './bounded-cache.js'

/** Which task of those that wait runs first. */
export interface QueuePriority {
  /** before all that are not */
  urgent: boolean
  /** what the task shares with others: an address, an account. Tasks whose keys have failed least go first. */
  keys: readonly string[]
}

export interface FairQueueOptions {
  concurrency: number
  /** tasks that may wait, in any case */
  maxWaiting: number
  /** ms that a task may have to wait during an attack */
  maxWaitMs: number
  /** ms on a monotonic clock */
  now?: () => number
}

interface Waiting {
  priority: QueuePriority
  start(): void
  refuse(error: Error): void
}

/** keys whose failures are remembered, and ms for which they are */
const MAX_KEYS = 20_000
const FAILURE_MS = 60_000
/** failures above which the queue is under attack; the count falls by FALL_PER_MS */
const ATTACK = 20
const FALL_PER_MS = 2 / 1000
/** the weight of the last task in the average duration */
const WEIGHT = 0.1

/**
 * A bounded queue for costly tasks that strangers may request, and that may turn out to be guesses. Urgent tasks go
 * first, then those whose keys have failed least, then the oldest. Many recent failures are an attack: then no more
 * tasks wait than can be run in `maxWaitMs`. When there are too many the worst is refused: the task whose keys have
 * failed most, and among equals the oldest, as the newest is likely to still have a client.
 */
export class FairQueue {
  /** in order of arrival */
  private readonly waiting: Waiting[] = []
  private readonly failures: LRUCache<string, number>
  private readonly now: () => number
  private running = 0
  private averageMs = 0
  private recentFailures = 0
  private failedAt = 0

  constructor(private readonly options: FairQueueOptions) {
    this.now = options.now ?? (() => performance.now())
    this.failures = new LRUCache({
      ...atMost(MAX_KEYS),
      ttl: FAILURE_MS,
      noUpdateTTL: true,
      ttlResolution: 0,
      perf: { now: this.now },
    })
  }

  /** Runs the task when its priority lets it. Throws `unavailable` when it is refused; it then never runs. */
  async run<T>(priority: QueuePriority, task: () => Promise<T>): Promise<T> {
    if (this.running < this.options.concurrency) this.running++
    else await this.wait(priority)
    const startedAt = this.now()
    try {
      return await task()
    } finally {
      const ms = this.now() - startedAt
      this.averageMs = this.averageMs === 0 ? ms : this.averageMs * (1 - WEIGHT) + ms * WEIGHT
      this.startNext()
    }
  }

  /** Notes that a task with these keys was a wrong guess. */
  noteFailure(keys: readonly string[]): void {
    for (const key of keys) this.failures.set(key, (this.failures.get(key) ?? 0) + 1)
    this.recentFailures = this.failuresLeft() + 1
    this.failedAt = this.now()
    this.trim()
  }

  private wait(priority: QueuePriority): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ priority, start: resolve, refuse: reject })
      this.trim()
    })
  }

  private startNext(): void {
    const best = this.take((rank, other) => rank < other)
    if (best) best.start()
    else this.running--
  }

  private trim(): void {
    const { maxWaiting } = this.options
    while (this.waiting.length > maxWaiting || this.isOverdue()) {
      this.take((rank, other) => rank > other)?.refuse(unavailable())
    }
  }

  /** Is this an attack, with more tasks waiting than can be run in time? Urgent tasks alone are no attack. */
  private isOverdue(): boolean {
    const { concurrency, maxWaitMs } = this.options
    if (this.failuresLeft() <= ATTACK) return false
    const others = this.waiting.reduce((count, { priority }) => count + (priority.urgent ? 0 : 1), 0)
    return others > concurrency && (others * this.averageMs) / concurrency > maxWaitMs
  }

  /** Removes the oldest of those whose rank is before all others'. */
  private take(isBefore: (rank: number, other: number) => boolean): Waiting | undefined {
    let found = -1
    let foundRank = 0
    for (const [index, one] of this.waiting.entries()) {
      const rank = this.rankOf(one)
      if (found !== -1 && !isBefore(rank, foundRank)) continue
      found = index
      foundRank = rank
    }
    return found === -1 ? undefined : this.waiting.splice(found, 1)[0]
  }

  /** -1 for an urgent task, else the failures of the key that failed most */
  private rankOf({ priority }: Waiting): number {
    if (priority.urgent) return -1
    let most = 0
    for (const key of priority.keys) most = Math.max(most, this.failures.get(key) ?? 0)
    return most
  }

  private failuresLeft(): number {
    return Math.max(0, this.recentFailures - (this.now() - this.failedAt) * FALL_PER_MS)
  }
}
