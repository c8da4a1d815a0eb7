const TICK_MS = 1000
/** A visible page whose timer is later than this did not run meanwhile. */
const LATE_MS = 4000
/** Less than that is a correction of the device's clock, not sleep. */
const SKEW_MS = 2000

/**
 * Calls `onSlept` when the page runs again after it did not run for a while: the device slept, the browser froze the tab.
 * Also when the device's clock was changed, which looks like sleep where the monotonic clock stops in it. Returns the
 * unsubscribe function.
 */
export function watchSleep(onSlept: () => void): () => void {
  let monotonic = performance.now()
  let device = Date.now()
  let wasVisible = false

  /** Whether the page slept since the last look. */
  function look(): boolean {
    const ran = performance.now() - monotonic
    const skew = Math.abs(Date.now() - device - ran)
    // Browsers slow the timers of hidden pages down, so there lateness means nothing.
    const isLate = wasVisible && ran > TICK_MS + LATE_MS
    monotonic += ran
    device = Date.now()
    wasVisible = document.visibilityState === 'visible'
    return isLate || skew > SKEW_MS
  }
  const check = (): void => {
    if (look()) onSlept()
  }
  const resume = (): void => {
    look()
    onSlept()
  }

  look()
  const timer = setInterval(check, TICK_MS)
  document.addEventListener('visibilitychange', check)
  document.addEventListener('resume', resume)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', check)
    document.removeEventListener('resume', resume)
  }
}
