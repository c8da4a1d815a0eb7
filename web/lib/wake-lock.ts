import { createStore } from './store.js'

/** `pending` until the browser answers; `unavailable`: refused, or not supported. */
export const wakeLock = createStore<'pending' | 'held' | 'unavailable'>('pending')

/** Keeps the screen on while the page is visible, where the browser (and the battery) allows. Returns the release. */
export function keepScreenOn(): () => void {
  let sentinel: WakeLockSentinel | null = null
  let released = false
  const request = async (): Promise<void> => {
    if (released || document.visibilityState !== 'visible') return
    try {
      if (!('wakeLock' in navigator)) return wakeLock.set('unavailable')
      sentinel = await navigator.wakeLock.request('screen')
      wakeLock.set('held')
    } catch {
      // Refused (low battery, a policy): the page shows that the screen may sleep.
      wakeLock.set('unavailable')
    }
  }
  // The browser drops the lock whenever the page is hidden.
  document.addEventListener('visibilitychange', request)
  void request()
  return () => {
    released = true
    document.removeEventListener('visibilitychange', request)
    void sentinel?.release()
  }
}
