import { useNow } from '../lib/clock.js'
import { type Store, useStore } from '../lib/store.js'
import type { Link } from '../live/client.js'
import { f, s } from '../strings/language.js'
import { loginUrl } from './session-gate.js'

/** a link that blinks for a moment is no news */
const STALE_SHOWN_AFTER = 4000

/** Across the page, readable from afar: what is shown is old, or nothing may be shown any more. */
export function LinkBanner({ link }: { link: Store<Link> }) {
  const { state, since } = useStore(link)
  useNow()
  if (state === 'signed-out' || state === 'forbidden') {
    return (
      <div class="banner ended" role="alert" data-banner={state}>
        <p>{state === 'signed-out' ? s.link.signedOutLong(f.time(since)) : s.link.forbiddenLong}</p>
        <a class="button primary" href={loginUrl()}>
          {s.login.signIn}
        </a>
      </div>
    )
  }
  if (state === 'broken') {
    return (
      <div class="banner ended" role="alert" data-banner={state}>
        <p>{s.link.brokenLong}</p>
        <button type="button" class="primary" onClick={() => location.reload()}>
          {s.link.reload}
        </button>
      </div>
    )
  }
  if (state !== 'stale' || Date.now() - since < STALE_SHOWN_AFTER) return null
  return (
    <div class="banner" role="alert" data-banner="stale">
      <p>{s.link.staleLong(f.time(since))}</p>
    </div>
  )
}
