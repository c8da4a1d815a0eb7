// In place of the worker this ends it on every device that visits: see docs/operations.md.

declare const self: ServiceWorkerGlobalScope

async function end(): Promise<void> {
  for (const name of await caches.keys()) await caches.delete(name)
  await self.registration.unregister()
}

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()))
self.addEventListener('activate', (event) => event.waitUntil(end()))

export {}
