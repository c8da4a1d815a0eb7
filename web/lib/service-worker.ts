// The service worker (web/worker). It keeps nothing of a page; a page works the same without one.

/** ms after which a busy page registers it all the same */
const LATEST_MS = 5000

/** null where there is none: an old browser, a page without https, pages served from their sources */
const workers = (): ServiceWorkerContainer | null =>
  import.meta.env.PROD && 'serviceWorker' in navigator && isSecureContext ? navigator.serviceWorker : null

/** Registers the worker once the page has nothing else to do. */
export function registerWorker(): void {
  const container = workers()
  // `none`: a broken worker could otherwise come back from the browser's cache
  const register = (): void => void container?.register('/sw.js', { updateViaCache: 'none' }).catch(() => {})
  if ('requestIdleCallback' in globalThis) requestIdleCallback(register, { timeout: LATEST_MS })
  else setTimeout(register, LATEST_MS)
}

/** The registration once its worker is active; null where there is none within that time. */
export async function activeWorker(milliseconds: number): Promise<ServiceWorkerRegistration | null> {
  const container = workers()
  if (!container) return null
  const registration = await container.getRegistration()
  if (registration?.active) return registration
  const late = new Promise<null>((resolve) => setTimeout(resolve, milliseconds, null))
  return await Promise.race([container.ready, late])
}

/** The app that is installed from this page starts at this seat. */
export function startAppAtSeat(token: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')
  if (link) link.href = `/order.webmanifest?seat=${encodeURIComponent(token)}`
}
