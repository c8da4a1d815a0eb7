import { type Store, useStore } from '../lib/store.js'
import type { Link } from '../live/client.js'
import { f, s } from '../strings/language.js'

function describe({ state, since }: Link): { name: string; detail: string } {
  const at = f.time(since)
  switch (state) {
    case 'live':
      return { name: s.link.live, detail: s.link.since(at) }
    case 'connecting':
      return { name: s.link.connecting, detail: '' }
    case 'catching-up':
      return { name: s.link.catchingUp, detail: '' }
    case 'stale':
      return { name: s.link.stale, detail: s.link.asOf(at) }
    case 'signed-out':
      return { name: s.link.signedOut, detail: s.link.since(at) }
    case 'forbidden':
      return { name: s.link.forbidden, detail: s.link.since(at) }
    case 'broken':
      return { name: s.link.broken, detail: '' }
  }
}

/** Shows how current the page is, and since when: by shape and text, not by colour alone. */
export function LinkBadge({ link }: { link: Store<Link> }) {
  const now = useStore(link)
  const { name, detail } = describe(now)
  return (
    <p class="link" role="status" data-link-state={now.state}>
      <span class="link-lamp" aria-hidden="true" />
      <span class="link-name">{name}</span>
      {detail && <span class="link-detail">{detail}</span>}
    </p>
  )
}
