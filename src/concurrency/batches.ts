/** ms for which requests are gathered: storms come in larger batches */
const GATHER_MS = 3
const MAX_BATCH = 200
/** batches under way at a time */
const MAX_UNDER_WAY = 2

interface Waiting<Q, A> {
  request: Q
  resolve(answer: A): void
  reject(error: unknown): void
}

/** Sends requests that come close together in one batch. A request is always part of a batch that starts after it. */
export class Batches<Q, A> {
  private waiting: Waiting<Q, A>[] = []
  private timer: NodeJS.Timeout | null = null
  private underWay = 0

  /** @param send resolves to the answers in the order of the requests, of which there is at least one */
  constructor(private readonly send: (requests: Q[]) => Promise<readonly A[]>) {}

  /** Rejects as `send` does, and when it gives too few answers. */
  request(request: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.waiting.length === 0 || this.underWay >= MAX_UNDER_WAY) return
    this.timer ??= setTimeout(() => {
      this.timer = null
      void this.sendBatch()
    }, GATHER_MS)
  }

  private async sendBatch(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_BATCH)
    this.underWay++
    this.schedule()
    try {
      const answers = await this.send(batch.map(({ request }) => request))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const answer = answers[i]
        if (answer === undefined) reject(new Error('a request of a batch was not answered'))
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.underWay--
      this.schedule()
    }
  }
}
