import { render } from 'preact'
import { ApiError, api } from '../lib/api.js'
import {
  afterSignOut,
  belongsToPage,
  concealPage,
  needsCheck,
  pageUser,
  reloadForCurrentUser,
  revealPage,
} from '../lib/page-user.js'
import { watchSleep } from '../lib/sleep.js'
import { onTabMessage } from '../lib/tabs.js'
import { s } from '../strings/language.js'
import { explain, PageMessage } from './problem.js'

const RETRY_AFTER_MS = 2000

let isChecking = false
let focused: Element | null = null

/** The page is put away (back/forward cache, a frozen tab): when it is shown again, somebody else may be looking. */
function putAway(): void {
  if (pageUser() === null) return
  focused ??= document.activeElement
  concealPage()
}

function showAgain(): void {
  revealPage()
  // What is hidden loses the focus.
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  focused = null
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      removeEventListener('online', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    addEventListener('online', done)
  })
}

/** Shows the content again once the session is known to be its user's; else starts afresh. */
async function checkUser(): Promise<void> {
  if (pageUser() === null || isChecking) return
  isChecking = true
  const cover = document.body.appendChild(document.createElement('div'))
  cover.className = 'cover'
  for (;;) {
    try {
      await api.session()
      break
    } catch (error) {
      const code = error instanceof ApiError ? error.code : null
      if (code === 'unauthenticated' || code === 'other_user') return reloadForCurrentUser()
      render(
        <PageMessage title={s.errors.cantOpen}>
          <p role="status">{explain(error)}</p>
          <p class="quiet">{s.errors.tryingAgain}</p>
        </PageMessage>,
        cover,
      )
      await wait(RETRY_AFTER_MS)
    }
  }
  cover.remove()
  isChecking = false
  showAgain()
}

/** Passwords don't stay in a page that is left: whoever comes back could read them. */
function clearPasswords(): void {
  for (const field of document.querySelectorAll<HTMLInputElement>('input[autocomplete$="-password"]')) {
    field.value = ''
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }
}

/** Watches that the page shows nothing to anybody but its user. */
export function guardPage(): void {
  addEventListener('pagehide', () => {
    clearPasswords()
    putAway()
  })
  document.addEventListener('freeze', putAway)
  watchSleep(() => {
    if (!needsCheck()) return
    putAway()
    void checkUser()
  })
  addEventListener('pageshow', ({ persisted }) => void (persisted && checkUser()))
  onTabMessage((message) => {
    if (message.type === 'signed-in' && pageUser() !== null) belongsToPage(message.user)
    if (message.type === 'signed-out') afterSignOut()
  })
}
