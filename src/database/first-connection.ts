/** ms for which a start asks again: what is too slow for a request must not end a start */
const PATIENCE_MS = 15_000

/** The errors of pg and its pool when a connection takes longer than `connectionTimeoutMillis`: they have no code. */
const CONNECT_TIMEOUTS = [
  'Connection terminated due to connection timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
]

const isConnectTimeout = (error: unknown): boolean =>
  error instanceof Error && CONNECT_TIMEOUTS.includes(error.message)

/**
 * Makes the first call to a database at a start. A pool's deadline for a connection is short, for a request that is refused in time;
 * on a busy machine the start calls again. Any other error is thrown at once.
 */
export async function firstCall<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!isConnectTimeout(error) || performance.now() >= giveUpAt) throw error
    }
  }
}
