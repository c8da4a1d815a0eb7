/**
 * Settles as `work` does, or rejects with `lateError()` after `ms`. The work itself goes on: what it does later, a
 * rejection too, is ignored. On a busy node the timer and the awaited reply may be due in the same turn of the event loop:
 * then the reply counts, for it is the node that was late.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, lateError: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => setImmediate(() => reject(lateError())), ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
