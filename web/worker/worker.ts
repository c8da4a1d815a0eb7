import { answer } from './answers.js'
import { dropOtherCaches, keepShell } from './kept-files.js'
import { openPage, showMessage } from './notifications.js'

// The service worker: keeps hashed assets and one signed-out shell, and shows notifications. It has no other data.

declare const self: ServiceWorkerGlobalScope

// A new build takes over at once: no page comes from the worker, and assets of other builds from the network.
self.addEventListener('install', (event) => event.waitUntil(keepShell().then(() => self.skipWaiting())))
self.addEventListener('activate', (event) =>
  event.waitUntil(Promise.all([dropOtherCaches(), self.registration.navigationPreload?.enable()])),
)
self.addEventListener('fetch', answer)
self.addEventListener('push', (event) => event.waitUntil(showMessage(self, event.data)))
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openPage(self, event.notification.data))
})
