import { setImmediate as nextIteration } from 'node:timers/promises'

/** items that are handled in one iteration of the event loop */
const PER_ITERATION = 64

/** Calls `handle` for one item after the other, a step of them in each iteration of the event loop: thousands delay nothing else. */
export async function forEachInSteps<T>(items: readonly T[], handle: (item: T) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % PER_ITERATION === 0) await nextIteration()
    handle(item)
  }
}
