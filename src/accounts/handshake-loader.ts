import type { Database } from '../database/client.js'
import { unavailable } from '../errors.js'
import {
  findLiveForHandshakes,
  type HandshakeQuestion,
  type HandshakeSession,
  type SessionSettings,
} from './sessions.js'

/** handshakes of one query */
const MAX_BATCH = 100
/** ms that the next query waits for company after one that had some: in a storm a query is what a handshake costs most */
const GATHER_MS = 5
/** handshakes that may wait; beyond, they are refused at once */
const MAX_WAITING = 10_000
/** ms that one may wait for its answer */
const DEADLINE_MS = 5000

interface Waiting {
  question: HandshakeQuestion
  resolve(answer: HandshakeSession | null): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/**
 * Looks sessions up for handshakes. Those that come in one turn of the event loop, or while a query is under way,
 * share a query: a thousand tablets that come back at once cost a few. Each is asked after it came, never before.
 */
export class HandshakeLoader {
  private readonly waiting: Waiting[] = []
  /** one query at a time: what comes meanwhile shares the next; with two a storm cost a sixth more of the CPU */
  private isAsking = false
  private scheduled = false
  /** the last query was for several */
  private isStorm = false

  constructor(
    private readonly db: Database,
    private readonly settings: SessionSettings,
  ) {}

  /** The live session, or null. Rejects with 503 `unavailable` when the database does not answer in time. */
  load(question: HandshakeQuestion): Promise<HandshakeSession | null> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable()), DEADLINE_MS)
      this.waiting.push({ question, resolve, reject, timer })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.scheduled || this.isAsking || this.waiting.length === 0) return
    this.scheduled = true
    const begin = () => {
      this.scheduled = false
      void this.ask()
    }
    if (this.isStorm && this.waiting.length < MAX_BATCH) setTimeout(begin, GATHER_MS)
    else setImmediate(begin)
  }

  private async ask(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_BATCH)
    this.isStorm = batch.length > 1
    this.isAsking = true
    try {
      const questions = batch.map(({ question }) => question)
      const answers = await findLiveForHandshakes(this.db, questions, this.settings)
      for (const [place, { resolve }] of batch.entries()) resolve(answers[place] ?? null)
    } catch (error) {
      for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)))
    } finally {
      for (const { timer } of batch) clearTimeout(timer)
      this.isAsking = false
      this.schedule()
    }
  }
}
