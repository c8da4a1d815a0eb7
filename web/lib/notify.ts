import { createStore } from './store.js'

type Permission = NotificationPermission | 'none'

function permission(): Permission {
  // Browsers offer notifications to secure pages only.
  return 'Notification' in globalThis && globalThis.isSecureContext ? Notification.permission : 'none'
}

export const notifyPermission = createStore<Permission>(permission())

export async function requestNotifications(): Promise<void> {
  if (permission() === 'default') await Notification.requestPermission()
  notifyPermission.set(permission())
}

/** Shows a system notification, unless the page is visible anyway. */
export function notify(title: string, body: string, tag: string): void {
  if (document.visibilityState === 'visible' || permission() !== 'granted') return
  try {
    const note = new Notification(title, { body, tag })
    note.addEventListener('click', () => {
      window.focus()
      note.close()
    })
  } catch {
    // On Android the constructor works in service workers only.
  }
}
