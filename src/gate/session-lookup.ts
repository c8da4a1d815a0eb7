import type { SessionReader, SessionVerdict } from './session-reader.js'

/** ms for which look-ups are gathered: a reconnect storm asks in batches */
const GATHER_MS = 3
const MAX_BATCH = 200

interface Waiting {
  key: string
  resolve(verdict: SessionVerdict): void
  reject(error: unknown): void
}

/** Looks up the sessions of handshakes, several in one query. */
export class SessionLookup {
  private waiting: Waiting[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(private readonly reader: SessionReader) {}

  /** Rejects when the database does not answer. */
  find(key: string): Promise<SessionVerdict> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject })
      if (this.waiting.length >= MAX_BATCH) this.send()
      else this.timer ??= setTimeout(() => this.send(), GATHER_MS)
    })
  }

  private send(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    const batch = this.waiting
    this.waiting = []
    this.reader.readNew(batch.map(({ key }) => key)).then(
      (verdicts) => {
        for (const [i, { resolve }] of batch.entries()) resolve(verdicts[i] ?? { kind: 'gone' })
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error)
      },
    )
  }
}
