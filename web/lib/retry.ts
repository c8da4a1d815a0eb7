import { ApiError, isTransient } from './api-error.js'

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 15_000
const SHORT_WAIT_MS = 500
/** A request whose answer is lost is repeated for this long; after that the user decides. */
const REPEAT_WITHIN_MS = 6000

/**
 * Calls `wake` once: after `milliseconds`, or as soon as the browser is online again or the page is shown again.
 * Returns the cancel function.
 */
function wakeAfter(milliseconds: number, wake: () => void): () => void {
  const cancel = (): void => {
    clearTimeout(timer)
    removeEventListener('online', run)
    document.removeEventListener('visibilitychange', runIfVisible)
  }
  const run = (): void => {
    cancel()
    wake()
  }
  const runIfVisible = (): void => {
    if (document.visibilityState === 'visible') run()
  }
  const timer = setTimeout(run, milliseconds)
  addEventListener('online', run)
  document.addEventListener('visibilitychange', runIfVisible)
  return cancel
}

export interface RetryingFetch {
  /** Fetches at once, also after a success or a refusal. */
  reload(): void
  stop(): void
}

/**
 * Retries transient failures with increasing delay, until success or a refusal. `onError` is called for every failure.
 */
export function fetchWithRetry<T>(
  read: () => Promise<T>,
  onValue: (value: T) => void,
  onError: (error: unknown) => void,
): RetryingFetch {
  let failures = 0
  let run = 0
  let cancelWait = (): void => {}

  function attempt(): void {
    cancelWait()
    run += 1
    const current = run
    read().then(
      (value) => {
        if (current !== run) return
        failures = 0
        onValue(value)
      },
      (error: unknown) => {
        if (current !== run) return
        onError(error)
        if (!isTransient(error)) return
        const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.75 + Math.random() / 4)
        const asked = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0
        failures += 1
        cancelWait = wakeAfter(Math.max(backoff, asked), attempt)
      },
    )
  }
  attempt()
  return {
    reload: attempt,
    stop() {
      run += 1
      cancelWait()
    },
  }
}

/**
 * Sends a request that may be repeated without doing anything twice; where it or its answer is lost, again for a few
 * seconds. The last failure is thrown.
 */
export async function repeatLost<T>(send: () => Promise<T>): Promise<T> {
  const began = performance.now()
  for (let wait = SHORT_WAIT_MS; ; wait *= 2) {
    try {
      return await send()
    } catch (error) {
      const isLost = error instanceof ApiError && error.isLost
      if (!isLost || performance.now() - began + wait > REPEAT_WITHIN_MS) throw error
    }
    await new Promise<void>((resolve) => wakeAfter(wait, resolve))
  }
}
