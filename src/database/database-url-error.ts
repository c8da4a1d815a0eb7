/** A database's URL can't be used. The message is one line for the operator: what is wrong, and the cure. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError'

  /** `source`: the variable or option that holds the URL */
  constructor(problem: string, source = 'DATABASE_URL') {
    super(`${source} ${problem}`.replace(/\s+/g, ' '))
  }
}
