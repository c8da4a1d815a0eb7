import { USER_HEADER } from '../../src/protocol/page-user.js'

// Whose page this is. Tabs share the cookie, so somebody else may be signed in by the next request; and the back/forward
// cache shows a page as it was left, whoever is signed in by then.

/** `nobody`: a page for signing in, on which the user may change */
let owner: number | 'unknown' | 'nobody' = 'unknown'
let left = false
let isLinked = false

/** The id of the user whose content this page shows; null while there is none. */
export const pageUser = (): number | null => (typeof owner === 'number' ? owner : null)

/** The header by which a request names the page's user. */
export const userHeader = (): Record<string, string> =>
  typeof owner === 'number' ? { [USER_HEADER]: String(owner) } : {}

/** For a page for signing in: it belongs to no user. */
export function clearPageUser(): void {
  owner = 'nobody'
}

/** For a page with a socket: its link clears the page when the session ends, and resumes when the user is back. */
export function followLink(): void {
  isLinked = true
}

/** The session has ended in another tab. */
export function afterSignOut(): void {
  if (pageUser() !== null && !isLinked) reloadForCurrentUser()
}

/** Whether only a check of the session tells if the content may be shown: no link does, or it is hidden already. */
export const needsCheck = (): boolean => !isLinked || 'concealed' in document.documentElement.dataset

/** Hides the content at once: it may be another user's. Back in a moment, or replaced. */
export function concealPage(): void {
  document.documentElement.dataset.concealed = ''
}

export function revealPage(): void {
  if (!left) delete document.documentElement.dataset.concealed
}

/** Loads the page again, for the user who is signed in now, or for nobody (the login). */
export function reloadForCurrentUser(): void {
  if (left) return
  left = true
  concealPage()
  location.reload()
}

/**
 * Learns the page's user from the first answer or greeting that names one. Returns false, and starts the page afresh, if a
 * later one names somebody else: what it brought must not be shown.
 */
export function belongsToPage(id: number): boolean {
  if (left) return false
  if (owner === 'unknown') owner = id
  if (owner === 'nobody' || owner === id) return true
  reloadForCurrentUser()
  return false
}

/**
 * Whether the answer is for the page's user, by its header; true when it names nobody.
 * @param begins the request begins a guest's session where there is none, so its answer may name a new user
 */
export function isForPage(response: Response, begins: boolean): boolean {
  const named = response.headers.get(USER_HEADER)
  if (named === null) return true
  const id = Number(named)
  if (begins && response.ok && owner !== 'nobody') owner = id
  return belongsToPage(id)
}
