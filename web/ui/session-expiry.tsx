import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../lib/api.js'
import { useNow } from '../lib/clock.js'
import { formatAge } from '../lib/format.js'
import { playWarning } from '../lib/sound.js'
import { createStore, type Store, useStore } from '../lib/store.js'
import { hearTabs, tellTabs } from '../lib/tabs.js'
import type { Link } from '../live/client.js'
import { f, s } from '../strings/language.js'
import { explain, Problem } from './problem.js'
import { loginUrl } from './session-gate.js'

const WARN_BEFORE = 61_000
const SAME_END = 250

/** When the session ends by itself, as the socket last told (milliseconds); null: not soon. */
export const sessionEnd = createStore<number | null>(null)

export function noteExpiring(at: string): void {
  sessionEnd.set(Date.parse(at))
}

/** A minute's loud warning with one touch to stay: any HTTP request prolongs the session. */
export function ExpiringWarning({ link }: { link: Store<Link> }) {
  const end = useStore(sessionEnd)
  const isOver = useStore(link).state === 'signed-out'
  const now = useNow()
  const [error, setError] = useState<string | null>(null)
  const [final, setFinal] = useState(false)
  const stay = useRef<HTMLButtonElement>(null)
  const shown = !isOver && end !== null && end - now < WARN_BEFORE && end > now

  // A touch in one tab is for all: the service tells the others only some seconds later.
  useEffect(() => hearTabs((news) => news.type === 'stayed' && sessionEnd.set(news.until)), [])

  useEffect(() => {
    if (!shown) return
    const before = document.activeElement
    playWarning()
    stay.current?.focus()
    const again = setInterval(playWarning, 20_000)
    return () => {
      clearInterval(again)
      // back to the ticket that the keys act on
      if (document.activeElement === document.body && before instanceof HTMLElement)
        before.focus({ preventScroll: true })
    }
  }, [shown])

  async function prolong(): Promise<void> {
    try {
      const session = await api.session()
      const next = Date.parse(session.expiresAt)
      setError(null)
      // The absolute end of a session does not move, whoever asks (but for what two clocks differ).
      setFinal(end !== null && next - end < SAME_END)
      sessionEnd.set(next)
      tellTabs({ type: 'stayed', until: next })
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
        <h2 id="expiring-title">{s.expiring.title(formatAge(end - now))}</h2>
        <p id="expiring-text">{final ? s.expiring.final(f.time(end)) : s.expiring.text}</p>
        <Problem error={error} />
      </div>
      {final ? (
        <a class="button primary" href={loginUrl()}>
          {s.expiring.signInAgain}
        </a>
      ) : (
        <button ref={stay} type="button" class="primary" data-action="stay" onClick={() => void prolong()}>
          {s.expiring.stay}
        </button>
      )}
    </div>
  )
}
