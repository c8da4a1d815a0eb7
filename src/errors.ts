/** One violated rule of a request: where, and what is allowed there. */
export interface ErrorDetail {
  path: string
  message: string
}

interface Extras {
  details?: ErrorDetail[]
  /** seconds */
  retryAfter?: number
}

/**
 * An error that the caller may see: `code` is the snake_case word of the contract, `message` one sentence that
 * says what to do. Everything else that is thrown is ours and leaves as a plain 500.
 */
export class DomainError extends Error {
  readonly details: ErrorDetail[] | undefined
  readonly retryAfter: number | undefined

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    extras: Extras = {},
  ) {
    super(message)
    this.name = 'DomainError'
    this.details = extras.details
    this.retryAfter = extras.retryAfter
  }
}

export const notFound = (what: string) => new DomainError(404, 'not_found', `There is no such ${what}.`)

export const unauthenticated = () =>
  new DomainError(401, 'unauthenticated', 'There is no live session: sign in first.')

export const forbidden = () => new DomainError(403, 'forbidden', 'This is not yours to see or do.')

export const invalid = (path: string, message: string) =>
  new DomainError(400, 'validation_failed', `${path}: ${message}`, { details: [{ path, message }] })

export const conflict = (code: string, message: string) => new DomainError(409, code, message)

export const tooMany = (retryAfter: number, message = 'Too many attempts: wait a moment.') =>
  new DomainError(429, 'too_many_requests', message, { retryAfter })

export const unavailable = () =>
  new DomainError(503, 'unavailable', 'The service can’t answer just now: try again.', { retryAfter: 1 })
