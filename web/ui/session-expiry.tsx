import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../lib/api.js'
import { useNow } from '../lib/clock.js'
import { formatAge } from '../lib/format.js'
import { playWarning } from '../lib/sound.js'
import { createStore, type Store, useStore } from '../lib/store.js'
import { onTabMessage, postToTabs } from '../lib/tabs.js'
import type { Link } from '../live/client.js'
import { f } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { explain, Problem } from './problem.js'
import { loginUrl } from './session-gate.js'

const WARN_BEFORE_MS = 61_000
/** Tolerance between the socket's and the HTTP answer's reading of the same end. */
const SAME_END_MS = 250

/** When the session will expire (milliseconds), by the last `expiring` message; null: not soon. */
const sessionEnd = createStore<number | null>(null)

export function noteExpiring(at: string): void {
  sessionEnd.set(Date.parse(at))
}

/** Warns a minute before the session expires; one button extends it, as any HTTP request does. */
export function ExpiringWarning({ link }: { link: Store<Link> }) {
  const end = useStore(sessionEnd)
  const isSignedOut = useStore(link).state === 'signed-out'
  const now = useNow()
  const [error, setError] = useState<string | null>(null)
  const [final, setFinal] = useState(false)
  const stay = useRef<HTMLButtonElement>(null)
  const shown = !isSignedOut && end !== null && end - now < WARN_BEFORE_MS && end > now

  // Extending in one tab counts for all; the service's own message reaches the others seconds later.
  useEffect(
    () => onTabMessage((message) => message.type === 'session-extended' && sessionEnd.set(message.until)),
    [],
  )

  useEffect(() => {
    if (!shown) return
    const before = document.activeElement
    playWarning()
    stay.current?.focus()
    const again = setInterval(playWarning, 20_000)
    return () => {
      clearInterval(again)
      // Back to the ticket that the keyboard shortcuts act on.
      if (document.activeElement === document.body && before instanceof HTMLElement)
        before.focus({ preventScroll: true })
    }
  }, [shown])

  async function extend(): Promise<void> {
    try {
      const session = await api.session()
      const next = Date.parse(session.expiresAt)
      setError(null)
      // No request moves a session's absolute end.
      setFinal(end !== null && next - end < SAME_END_MS)
      sessionEnd.set(next)
      postToTabs({ type: 'session-extended', until: next })
    } catch (problem) {
      setError(explain(problem))
    }
  }

  if (!shown) return null
  return (
    <div
      class="expiring"
      role="alertdialog"
      aria-labelledby="expiring-title"
      aria-describedby="expiring-text"
    >
      <div>
        <h2 id="expiring-title">{st.expiring.title(formatAge(end - now))}</h2>
        <p id="expiring-text">{final ? st.expiring.final(f.time(end)) : st.expiring.text}</p>
        <Problem error={error} />
      </div>
      {final ? (
        <a class="button primary" href={loginUrl()}>
          {st.expiring.signInAgain}
        </a>
      ) : (
        <button ref={stay} type="button" class="primary" data-action="stay" onClick={() => void extend()}>
          {st.expiring.stay}
        </button>
      )}
    </div>
  )
}
