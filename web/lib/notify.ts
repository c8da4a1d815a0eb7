import { createStore } from './store.js'

type Permission = NotificationPermission | 'none'

function permission(): Permission {
  // Browsers offer notifications to secure pages only; some phones know the name but refuse the constructor.
  return 'Notification' in globalThis && globalThis.isSecureContext ? Notification.permission : 'none'
}

export const notifyPermission = createStore<Permission>(permission())

export async function askToNotify(): Promise<void> {
  if (permission() === 'default') await Notification.requestPermission()
  notifyPermission.set(permission())
}

/** Tells someone who looks elsewhere; a page that is being looked at needs none. */
export function notify(title: string, body: string, tag: string): void {
  if (document.visibilityState === 'visible' || permission() !== 'granted') return
  try {
    const note = new Notification(title, { body, tag })
    note.addEventListener('click', () => {
      window.focus()
      note.close()
    })
  } catch {
    // Android has the constructor only in service workers.
  }
}
