import { createStore } from './store.js'

/** Whether the screen stays on: `asked` until the browser has answered; `no`: it will not, or does not know how. */
export const awake = createStore<'asked' | 'yes' | 'no'>('asked')

/** Keeps the screen on for as long as the page is seen, where the browser knows how (and the battery allows). */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null
  let wanted = true
  const request = async (): Promise<void> => {
    if (!wanted || document.visibilityState !== 'visible') return
    try {
      if (!('wakeLock' in navigator)) return awake.set('no')
      lock = await navigator.wakeLock.request('screen')
      awake.set('yes')
    } catch {
      // Refused (low battery, a policy): the screen sleeps as it always did, and the page says so.
      awake.set('no')
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
