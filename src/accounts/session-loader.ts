import type { Queryable } from '../database/client.js'
import { unavailable } from '../errors.js'
import {
  findLiveForHandshakes,
  type HandshakeKey,
  type HandshakeSession,
  type SessionSettings,
} from './sessions.js'

/** look-ups per query */
const MAX_BATCH = 100
/** look-ups that may be pending; more are refused at once */
const MAX_PENDING = 10_000
/** ms that one may be pending */
const DEADLINE_MS = 5000

interface Pending {
  key: HandshakeKey
  resolve(session: HandshakeSession | null): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

export interface SessionLoaderOptions {
  /** ms before the next query if the last one was shared, so that storms form larger batches */
  gatherMs: number
}

/**
 * Looks up the sessions of handshakes or requests in batches. Those that arrive in one iteration of the event loop, or while a
 * query is running, share the next query, so a thousand clients that reconnect at once cost a few. A query always
 * starts after those it serves have arrived, so it sees every revocation committed before them.
 */
export class SessionLoader {
  private readonly pending: Pending[] = []
  /** one query at a time: two in parallel used about 17 % more CPU in a storm */
  private isQuerying = false
  private isScheduled = false
  /** the last query served several */
  private isStorm = false

  constructor(
    private readonly db: Queryable,
    private readonly settings: SessionSettings,
    private readonly options: SessionLoaderOptions,
  ) {}

  /** The live session, or null. Rejects with 503 `unavailable` when the database does not answer in time. */
  load(key: HandshakeKey): Promise<HandshakeSession | null> {
    if (this.pending.length >= MAX_PENDING) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable()), DEADLINE_MS)
      this.pending.push({ key, resolve, reject, timer })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.isScheduled || this.isQuerying || this.pending.length === 0) return
    this.isScheduled = true
    const start = () => {
      this.isScheduled = false
      void this.query()
    }
    if (this.isStorm && this.options.gatherMs > 0 && this.pending.length < MAX_BATCH)
      setTimeout(start, this.options.gatherMs)
    else setImmediate(start)
  }

  private async query(): Promise<void> {
    const batch = this.pending.splice(0, MAX_BATCH)
    this.isStorm = batch.length > 1
    this.isQuerying = true
    try {
      const keys = batch.map(({ key }) => key)
      const sessions = await findLiveForHandshakes(this.db, keys, this.settings)
      for (const [index, { resolve }] of batch.entries()) resolve(sessions[index] ?? null)
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)))
    } finally {
      for (const { timer } of batch) clearTimeout(timer)
      this.isQuerying = false
      this.schedule()
    }
  }
}
