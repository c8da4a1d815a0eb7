/** ms for which questions are gathered: storms ask in larger batches */
const GATHER_MS = 3
const MAX_BATCH = 200
/** batches under way at a time */
const MAX_ASKING = 2

interface Waiting<Q, A> {
  question: Q
  resolve(answer: A): void
  reject(error: unknown): void
}

/** Asks questions that come together in one. A question is always part of a batch that starts after it was asked. */
export class Batches<Q, A> {
  private waiting: Waiting<Q, A>[] = []
  private timer: NodeJS.Timeout | null = null
  private asking = 0

  /** @param send resolves to the answers in the order of the questions, of which there is at least one */
  constructor(private readonly send: (questions: Q[]) => Promise<readonly A[]>) {}

  /** Rejects as `send` does, and when it answers too few. */
  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.waiting.length === 0 || this.asking >= MAX_ASKING) return
    this.timer ??= setTimeout(() => {
      this.timer = null
      void this.sendBatch()
    }, GATHER_MS)
  }

  private async sendBatch(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_BATCH)
    this.asking++
    this.schedule()
    try {
      const answers = await this.send(batch.map(({ question }) => question))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const answer = answers[i]
        if (answer === undefined) reject(new Error('a question was not answered'))
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.asking--
      this.schedule()
    }
  }
}
