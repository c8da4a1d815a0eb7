/** DATABASE_URL can't be used. The message is one line for the operator: what is wrong, and the cure. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError'

  constructor(problem: string) {
    super(`DATABASE_URL ${problem}`.replace(/\s+/g, ' '))
  }
}
