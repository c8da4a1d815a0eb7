/** failures in a row after which the provider counts as down */
const DOWN_AFTER = 3

/** Calls to a payment provider, one after the other: one that fails for one payment must not stop the others. */
export class ProviderCalls {
  private firstError: unknown = null
  private failures = 0
  private inARow = 0

  /** Resolves to whether the call succeeded. Throws the first error once the provider counts as down. */
  async attempt(call: () => Promise<void>): Promise<boolean> {
    try {
      await call()
      this.inARow = 0
      return true
    } catch (error) {
      if (this.failures++ === 0) this.firstError = error
      this.inARow++
      if (this.inARow >= DOWN_AFTER) throw this.firstError
      return false
    }
  }

  /** Throws the first error, if there was one. */
  throwFirst(): void {
    if (this.failures > 0) throw this.firstError
  }
}
