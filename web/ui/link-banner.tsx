import { useNow } from '../lib/clock.js'
import { type Store, useStore } from '../lib/store.js'
import type { Link } from '../live/client.js'
import { f, s } from '../strings/language.js'
import { loginUrl } from './session-gate.js'

/** A shorter interruption needs no banner. With the page's ticks of a second it is shown within five seconds. */
const SHOW_STALE_AFTER_MS = 3000

/** A banner, readable from afar, when the data is stale or may no longer be shown. */
export function LinkBanner({ link }: { link: Store<Link> }) {
  const { state, since, suspectSince } = useStore(link)
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
  const isShort = suspectSince !== null && performance.now() - suspectSince < SHOW_STALE_AFTER_MS
  if (state !== 'stale' || isShort) return null
  return (
    <div class="banner" role="alert" data-banner="stale">
      <p>{s.link.staleLong(f.time(since))}</p>
    </div>
  )
}
