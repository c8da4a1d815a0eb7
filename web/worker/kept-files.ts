const PREFIX = 'houselights-'
const CACHE = `${PREFIX}${BUILD}`
/** the path of the signed-out shell */
export const SHELL_PAGE = '/offline'

const HASHES: Readonly<Record<string, string>> = { ...ASSETS, ...SHELL }

/** Whether the path is that of an asset of this build. */
export const isAsset = (path: string): boolean => Object.hasOwn(ASSETS, path)

export async function findKept(path: string): Promise<Response | undefined> {
  return await caches.match(path, { cacheName: CACHE, ignoreVary: true })
}

/**
 * Keeps an answer if it is, byte for byte, what the build has at this path. So no page of a captive portal, no other build's
 * and no redirected, foreign or `no-store` answer is ever kept.
 */
export async function keep(path: string, response: Response): Promise<boolean> {
  if (response.status !== 200 || response.type !== 'basic' || response.redirected) return false
  if (/no-store|private/.test(response.headers.get('cache-control') ?? '')) return false
  const copy = response.clone()
  const hash = await crypto.subtle.digest('SHA-256', await copy.arrayBuffer())
  if (btoa(String.fromCharCode(...new Uint8Array(hash))) !== HASHES[path]) return false
  await (await caches.open(CACHE)).put(path, response)
  return true
}

/** Keeps the signed-out shell. Rejects, so that this worker is not installed, where the network has another. */
export async function keepShell(): Promise<void> {
  await Promise.all(
    Object.keys(SHELL).map(async (path) => {
      const init: RequestInit = { cache: isAsset(path) ? 'default' : 'no-cache', redirect: 'error' }
      const response = await fetch(path, { ...init, credentials: 'omit' })
      if (!(await keep(path, response))) throw new Error(`${path} is not this build's`)
    }),
  )
}

export async function dropOtherCaches(): Promise<void> {
  const names = await caches.keys()
  const others = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(others.map((name) => caches.delete(name)))
}
