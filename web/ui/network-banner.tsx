import { interceptedNetwork } from '../lib/answer.js'
import { type Store, useStore } from '../lib/store.js'
import type { Link } from '../live/client.js'
import { s } from '../strings/language.js'
import { NetworkPageLink } from './problem.js'

/** Why the page is not live, where the network answers in the service's place. */
export function NetworkBanner({ link }: { link: Store<Link> }) {
  const isForeign = useStore(interceptedNetwork)
  const { state } = useStore(link)
  if (!isForeign || state === 'live' || state === 'catching-up') return null
  return (
    <div class="banner" role="alert" data-banner="foreign">
      <p>
        {s.errors.byCode.foreign_answer} {s.errors.tryingAgain}
      </p>
      <NetworkPageLink />
    </div>
  )
}
