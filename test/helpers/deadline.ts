/** ms that a wait may take unless a test says otherwise: far more than anything takes on a busy machine. */
export const PATIENCE = 30_000
/** ms that a program may take to start or to end: with initdb, migrations, a build or an install */
export const PROGRAM_PATIENCE = 120_000

export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`waited ${ms} ms in vain for ${what}`)
    this.name = 'DeadlineError'
  }
}

/** The promise's outcome, or a DeadlineError that says what was waited for. `what` may be told late, for details. */
export function within<T>(promise: Promise<T>, ms: number, what: string | (() => string)): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new DeadlineError(typeof what === 'string' ? what : what(), ms)),
      ms,
    )
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Whether the work settles before a timer of `ms` that starts with it. Timers of one process fire in the order in which
 * they are due, however late, so a busy machine changes nothing for work that waits for timers only.
 */
export async function settlesBefore(work: () => Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const isUp = new Promise<false>((resolve) => {
    // after one turn, as `withDeadline` does
    timer = setTimeout(() => setImmediate(resolve, false), ms)
  })
  const isDone = work().then((): true => true)
  try {
    return await Promise.race([isDone, isUp])
  } finally {
    clearTimeout(timer)
    await isDone
  }
}
