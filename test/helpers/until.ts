import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { DeadlineError, PATIENCE } from './deadline.js'

/** ms between two looks, at first and after long waiting: a look is often a query */
const STEP_MS = 5
const MAX_STEP_MS = 25

type Truthy<T> = Exclude<T, null | undefined | false | 0 | ''>

/**
 * Resolves with the first truthy value that `look` returns; polls, so it is for states that no event announces.
 * Rejects with a DeadlineError that names what was waited for.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  ms: number = PATIENCE,
): Promise<Truthy<T>> {
  const began = performance.now()
  for (;;) {
    const seen = await look()
    if (seen) return seen as Truthy<T>
    const waited = performance.now() - began
    if (waited > ms) throw new DeadlineError(what, ms)
    const step = Math.min(MAX_STEP_MS, Math.max(STEP_MS, waited / 10))
    await new Promise((resolve) => setTimeout(resolve, step))
  }
}

/** Waits until `look` returns what is wanted, and asserts it: a failure shows the last value. */
export async function untilSame<T>(
  t: Test,
  what: string,
  look: () => T | Promise<T>,
  wanted: T,
): Promise<void> {
  let seen: T | undefined
  const isSame = async () => {
    seen = await look()
    return isDeepStrictEqual(seen, wanted)
  }
  await until(isSame, what).catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error
  })
  t.same(seen, wanted, what)
}
