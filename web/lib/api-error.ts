/** Something between the page and the service answered: a captive portal, a filter, a proxy's own page. */
const FOREIGN = 'foreign_answer'
/** An answer without a code of ours, as a proxy sends when it can't reach the service. */
export const UNKNOWN = 'unknown'

/** The service's refusal with its error code, or status 0 when no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** seconds */
    readonly retryAfter: number | null = null,
    /** the whole answer: some refusals carry more, such as the new menu */
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = 'ApiError'
  }
  static foreign(status: number, message: string): ApiError {
    return new ApiError(status, FOREIGN, message)
  }
  get isOffline(): boolean {
    return this.status === 0 && !this.isForeign
  }
  get isForeign(): boolean {
    return this.code === FOREIGN
  }
  /** The service itself refused the request, so it had no effect. Otherwise its outcome may be unknown. */
  get isRefusal(): boolean {
    return this.status >= 400 && this.status < 500 && this.code !== UNKNOWN && !this.isForeign
  }
  /** The request did not get through to the service, or its answer did not get back. */
  get isLost(): boolean {
    return this.isOffline || this.isForeign || (this.status >= 500 && this.code === UNKNOWN)
  }
}

/** Whether the same request may succeed later, without a change of the page, the user or the request. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.isLost || error.status >= 500 || error.status === 429)
}
