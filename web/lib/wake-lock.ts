import { createStore } from './store.js'
import { onUserGesture } from './touch.js'

/** `pending` until the browser answers; `unavailable`: refused, or not supported. */
export const wakeLock = createStore<'pending' | 'held' | 'unavailable'>('pending')

/** A lock that was lost sooner is asked for again only after this, or a browser that takes each back would be asked without end. */
const ASK_AGAIN_AFTER_MS = 1000

/**
 * Keeps the screen on while the page is visible, where the browser (and the battery) allows. Asks again whenever that may
 * have changed: when the page is shown, when the lock was taken away, and at a touch. Returns the release.
 */
export function keepScreenOn(): () => void {
  let lock: WakeLockSentinel | null = null
  let grantedAt = 0
  let isAsking = false
  let isOver = false
  let retry: ReturnType<typeof setTimeout> | undefined

  async function ask(): Promise<void> {
    if (isOver || isAsking || lock || document.visibilityState !== 'visible') return
    if (!('wakeLock' in navigator)) return wakeLock.set('unavailable')
    isAsking = true
    try {
      const granted = await navigator.wakeLock.request('screen')
      if (isOver) return void granted.release()
      lock = granted
      grantedAt = performance.now()
      wakeLock.set('held')
      granted.addEventListener('release', lost, { once: true })
    } catch {
      // Refused (low battery, a policy, no touch yet): the page shows that the screen may sleep.
      wakeLock.set('unavailable')
    } finally {
      isAsking = false
    }
  }

  // Browsers take the lock whenever the page is hidden, and when they like.
  function lost(): void {
    lock = null
    if (isOver) return
    wakeLock.set('pending')
    clearTimeout(retry)
    retry = setTimeout(ask, Math.max(0, grantedAt + ASK_AGAIN_AFTER_MS - performance.now()))
  }

  document.addEventListener('visibilitychange', ask)
  const stopGesture = onUserGesture(ask)
  void ask()
  return () => {
    isOver = true
    clearTimeout(retry)
    document.removeEventListener('visibilitychange', ask)
    stopGesture()
    void lock?.release()
  }
}
