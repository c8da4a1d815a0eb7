/** Keeps the screen on for as long as the page is seen, where the browser knows how (and the battery allows). */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null
  let wanted = true
  const request = async (): Promise<void> => {
    if (!wanted || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    try {
      lock = await navigator.wakeLock.request('screen')
      document.documentElement.dataset.awake = 'yes'
    } catch {
      // Refused (low battery, a policy): the screen then sleeps as it always did.
    }
  }
  // The browser drops the lock whenever the page is hidden.
  document.addEventListener('visibilitychange', request)
  void request()
  return () => {
    wanted = false
    document.removeEventListener('visibilitychange', request)
    void lock?.release()
  }
}
