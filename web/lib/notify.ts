import { activeWorker } from './service-worker.js'
import { createStore } from './store.js'

type Permission = NotificationPermission | 'none'

const WORKER_WAIT_MS = 500

function permission(): Permission {
  // Browsers offer notifications to secure pages only.
  return 'Notification' in globalThis && globalThis.isSecureContext ? Notification.permission : 'none'
}

export const notifyPermission = createStore<Permission>(permission())

/** Asks the user, if the browser still does. Returns whether notifications are allowed. */
export async function requestNotifications(): Promise<boolean> {
  if (permission() === 'default') await Notification.requestPermission()
  notifyPermission.set(permission())
  return permission() === 'granted'
}

/** Shows a system notification, unless the page is visible anyway. */
export async function notify(title: string, body: string, tag: string): Promise<void> {
  if (document.visibilityState === 'visible' || permission() !== 'granted') return
  const worker = await activeWorker(WORKER_WAIT_MS)
  // On Android only a worker may; it handles the click.
  if (worker) return await worker.showNotification(title, { body, tag, data: location.pathname })
  try {
    const note = new Notification(title, { body, tag })
    note.addEventListener('click', () => {
      window.focus()
      note.close()
    })
  } catch {
    // On Android without a worker.
  }
}
