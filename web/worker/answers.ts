import { findKept, isAsset, keep, SHELL_PAGE } from './kept-files.js'

/** Answers navigations and assets; all other requests never reach the worker's code. */
export function answer(event: FetchEvent): void {
  const { request } = event
  if (request.method !== 'GET') return
  if (request.mode === 'navigate') return event.respondWith(navigate(event))
  const { origin, pathname, search } = new URL(request.url)
  if (origin !== location.origin || search !== '' || !isAsset(pathname)) return
  if (request.cache === 'no-store') return
  event.respondWith(findAsset(event, pathname))
}

/** Pages come from the network alone; without it, the signed-out shell says so. */
async function navigate(event: FetchEvent): Promise<Response> {
  try {
    const preloaded: unknown = await event.preloadResponse
    return preloaded instanceof Response ? preloaded : await fetch(event.request)
  } catch {
    return (await findKept(SHELL_PAGE)) ?? Response.error()
  }
}

async function findAsset(event: FetchEvent, path: string): Promise<Response> {
  const { request } = event
  // a page that asks for a fresh one has found the browser's own copy to be none of ours
  const kept = request.cache === 'reload' ? undefined : await findKept(path)
  if (kept) return kept
  const response = await fetch(request)
  event.waitUntil(keep(path, response.clone()).catch(() => false))
  return response
}
