/** The service's refusal with its error code, or status 0 when no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null = null,
    /** the whole answer: some refusals carry more, such as the new menu */
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = 'ApiError'
  }
  get isOffline(): boolean {
    return this.status === 0
  }
  /** The service itself refused the request, so it had no effect. Otherwise its outcome may be unknown. */
  get isRefusal(): boolean {
    return this.status >= 400 && this.status < 500 && this.code !== 'unknown'
  }
}
