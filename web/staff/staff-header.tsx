import type { ComponentChildren } from 'preact'
import type { UserView } from '../../src/protocol/views.js'
import { s } from '../strings/language.js'
import { Brand } from '../ui/brand.js'
import { isManager } from './manager.js'

type Place = 'live-orders' | 'chat' | 'today' | 'manage' | 'seats' | 'account'

interface Props {
  here: Place
  user: UserView
  unread?: number
  children?: ComponentChildren
}

export function StaffHeader({ here, user, unread = 0, children }: Props) {
  const managed: [Place, string, string][] = [
    ['today', '/theatre/today/', s.nav.today],
    ['manage', '/theatre/manage/', s.nav.manage],
  ]
  const places: [Place, string, string][] = [
    ['live-orders', '/theatre/live-orders/', s.nav.orders],
    ['chat', '/theatre/chat/', s.nav.chat],
    ...(isManager(user) ? managed : []),
    ['seats', '/theatre/seats/', s.nav.seats],
    ['account', '/account', s.nav.account],
  ]
  return (
    <header class="bar">
      <Brand />
      <nav aria-label={s.nav.label}>
        {places.map(([place, href, name]) => (
          <a key={place} href={href} aria-current={place === here ? 'page' : undefined}>
            {name}
            {place === 'chat' && unread > 0 && (
              <span class="badge" data-unread={unread}>
                {unread}
                <span class="visually-hidden"> {s.chat.unreadWord}</span>
              </span>
            )}
          </a>
        ))}
      </nav>
      <div class="bar-tools">{children}</div>
    </header>
  )
}
