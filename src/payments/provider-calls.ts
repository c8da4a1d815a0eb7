/** failures in a row after which the provider counts as down */
const DOWN_AFTER = 3

/** Questions to a payment provider, one after the other: what it can't answer about one payment must not stop the others. */
export class Questions {
  private first: unknown = null
  private failures = 0
  private inARow = 0

  /** Resolves to whether it was answered. Throws the first error once the provider counts as down. */
  async ask(question: () => Promise<void>): Promise<boolean> {
    try {
      await question()
      this.inARow = 0
      return true
    } catch (error) {
      if (this.failures++ === 0) this.first = error
      this.inARow++
      if (this.inARow >= DOWN_AFTER) throw this.first
      return false
    }
  }

  /** Throws the first error, if there was one. */
  throwFirst(): void {
    if (this.failures > 0) throw this.first
  }
}
