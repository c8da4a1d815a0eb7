/** One validation error: the field's path and the rule that it violates. */
export interface ErrorDetail {
  path: string
  message: string
}

interface Extras {
  details?: ErrorDetail[]
  /** seconds */
  retryAfter?: number
  /** further members of the response's body */
  body?: Record<string, unknown>
  /** what is logged, and never sent */
  cause?: unknown
}

/**
 * An error that clients may see: a stable snake_case `code`, and a one-sentence `message` that says what to do. Any
 * other error becomes a 500 without details.
 */
export class DomainError extends Error {
  readonly details: ErrorDetail[] | undefined
  readonly retryAfter: number | undefined
  readonly body: Record<string, unknown> | undefined

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    extras: Extras = {},
  ) {
    super(message, extras.cause === undefined ? {} : { cause: extras.cause })
    this.name = 'DomainError'
    this.details = extras.details
    this.retryAfter = extras.retryAfter
    this.body = extras.body
  }
}

export const notFound = (what: string) => new DomainError(404, 'not_found', `There is no such ${what}.`)

export const unauthenticated = () =>
  new DomainError(401, 'unauthenticated', 'You are not signed in: sign in first.')

export const forbidden = () => new DomainError(403, 'forbidden', 'You don’t have permission to do this.')

export const originNotAllowed = () =>
  new DomainError(403, 'origin_not_allowed', 'Pages of this origin can’t connect here.')

export const invalid = (path: string, message: string) =>
  new DomainError(400, 'validation_failed', `${path}: ${message}`, { details: [{ path, message }] })

export const conflict = (code: string, message: string) => new DomainError(409, code, message)

export const tooMany = (retryAfter: number, message = 'Too many attempts: wait a moment.') =>
  new DomainError(429, 'too_many_requests', message, { retryAfter })

/** `cause`: an error for the log; its message says what failed */
export const unavailable = (cause?: Error) =>
  new DomainError(503, 'unavailable', 'The service is temporarily unavailable: try again.', {
    retryAfter: 1,
    cause,
  })
