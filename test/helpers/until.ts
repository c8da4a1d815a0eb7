import { DeadlineError, PATIENCE } from './deadline.js'

/** Looks every few milliseconds until it is true, or the deadline has come. For states that tell nobody. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  ms = PATIENCE,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new DeadlineError(what, ms)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
