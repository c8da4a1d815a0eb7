const DEADLINE_MS = 15_000

/**
 * Runs `work` while no other tab of this browser runs work of the same name. Waits at most 15 s for its turn, and does not
 * wait where the browser has no locks (pages without https).
 */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return await work()
  let isGranted = false
  const signal = AbortSignal.timeout(DEADLINE_MS)
  try {
    return await navigator.locks.request(`houselights.${name}`, { signal }, () => {
      isGranted = true
      return work()
    })
  } catch (error) {
    if (isGranted) throw error
    return await work()
  }
}
