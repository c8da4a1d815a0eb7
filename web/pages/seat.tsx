import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { MenuItemView, SeatMenuView } from '../../src/protocol/views.js'
import { createCart, lineKey, quantityOf } from '../customer/cart.js'
import { CartBar } from '../customer/cart-bar.js'
import { totalOf } from '../customer/cart-lines.js'
import { ChooseOptions } from '../customer/choose-options.js'
import { LiveOrders, useLiveOrders } from '../customer/live-orders.js'
import { MenuFilters } from '../customer/menu-filters.js'
import { MenuList } from '../customer/menu-list.js'
import { useOrderForm } from '../customer/order-form.js'
import { OrderReview } from '../customer/order-review.js'
import { useMenuNews } from '../customer/use-menu-news.js'
import { ApiError, api } from '../lib/api.js'
import { isLong } from '../lib/format.js'
import { sectionsOf } from '../lib/menu-sections.js'
import { useMenuChanges } from '../lib/menu-stream.js'
import { startAppAtSeat } from '../lib/service-worker.js'
import { isBoolean, recall, remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s, setTimeZone } from '../strings/language.js'
import { PageChoices } from '../ui/page-choices.js'
import { CantOpen, PageMessage } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const token = decodeURIComponent(/^\/s\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

interface OrderProps {
  seat: SeatMenuView
  /** whether the menu is the service's present one */
  isCurrent: boolean
  /** the new menu; null: to be loaded */
  onMenu(menu: readonly MenuItemView[] | null): void
}

function SeatHead({ seat: { seat, theatre }, isCurrent }: Pick<OrderProps, 'seat' | 'isCurrent'>) {
  return (
    <header class="seat-head">
      <div>
        <p class="seat-theatre">{theatre.name}</p>
        <h1>
          {s.seat.title} <span class="visually-hidden">{seat.name}</span>
        </h1>
        <p class="quiet" data-current={isCurrent}>
          {seat.hall} ·{' '}
          <span role="status">{isCurrent ? s.seat.takes(theatre.minutes, f) : s.seat.notCurrent}</span>
        </p>
      </div>
      <p class="seat-tile" data-long={isLong(seat.name)} aria-hidden="true">
        {seat.name}
      </p>
    </header>
  )
}

function Order({ seat, isCurrent, onMenu }: OrderProps) {
  const { menu, theatre } = seat
  const cart = useMemo(() => createCart(token), [])
  const now = useStore(cart.cart)
  const [onlyVeg, setOnlyVeg] = useState(() => recall('only-veg', isBoolean) ?? false)
  const [search, setSearch] = useState('')
  const [reviewing, setReviewing] = useState(false)
  const [choosing, setChoosing] = useState<number | null>(null)
  const form = useOrderForm({ token, cart, isOpen: reviewing, onMenu })
  useMenuNews({ cart: now, menu, onTotal: reviewing ? form.notePrice : null })
  // An order was made, here or in another tab, or may have been.
  const liveOrders = useLiveOrders(seat.seat.id, `${now.key} ${form.isUnknown}`)
  const total = totalOf(now, menu)
  const hasVeg = menu.some(({ diet }) => diet === 'vegetarian')
  const sections = useMemo(
    () => sectionsOf(menu, { search, onlyVeg: onlyVeg && hasVeg }),
    [menu, search, onlyVeg, hasVeg],
  )
  // it stays in its dialog when it leaves the menu meanwhile
  const lastChosen = useRef<MenuItemView | null>(null)
  const chosen = menu.find(({ id }) => id === choosing)
  if (chosen) lastChosen.current = chosen
  else if (lastChosen.current?.available) lastChosen.current = { ...lastChosen.current, available: false }

  function close(): void {
    setReviewing(false)
    form.stay()
  }
  function toggleVeg(): void {
    remember('only-veg', !onlyVeg)
    setOnlyVeg(!onlyVeg)
  }
  useEffect(cart.follow, [cart])
  useEffect(() => {
    document.title = `${seat.seat.name} · ${theatre.name}`
  }, [seat.seat.name, theatre.name])

  return (
    <>
      <SeatHead {...{ seat, isCurrent }} />
      <main class="ordering" data-seat-id={seat.seat.id}>
        <LiveOrders orders={liveOrders} />
        <MenuFilters
          {...{ menu, sections, search, onlyVeg, hasVeg }}
          onSearch={setSearch}
          onVeg={toggleVeg}
        />
        <MenuList
          sections={sections}
          quantity={(item) => quantityOf(now, item.id)}
          onChange={({ id, name }, next) => cart.set({ menuItemId: id, name }, next)}
          onChoose={({ id }) => setChoosing(id)}
        />
        {sections.length === 0 && (
          <p class="quiet" role="status">
            {search.trim() === '' ? s.menu.empty : s.menu.notFound(search.trim())}
          </p>
        )}
        <PageChoices />
      </main>
      <CartBar
        {...{ form, theatre, total }}
        isEmpty={now.lines.length === 0}
        onReview={() => setReviewing(true)}
      />
      {choosing !== null && lastChosen.current && (
        <ChooseOptions
          item={lastChosen.current}
          onAdd={(options) => {
            const wanted = { menuItemId: choosing, options, name: lastChosen.current?.name ?? '' }
            const same = cart.cart.get().lines.find((line) => lineKey(line) === lineKey(wanted))
            cart.set(wanted, (same?.quantity ?? 0) + 1)
          }}
          onClose={() => setChoosing(null)}
        />
      )}
      {reviewing && <OrderReview {...{ token, seat, cart, form }} onClose={close} />}
    </>
  )
}

function Seat() {
  const [seat, setSeat] = useState<SeatMenuView | null>(null)
  const fetching = useFetch(
    () => api.seatMenu(token),
    (found) => show(() => found),
  )
  const { error } = fetching
  const { isCurrent, restart } = useMenuChanges(seat && token, {
    onState: (state) => setSeat((now) => now && { ...now, ...state }),
    onRefused: fetching.reload,
  })
  /** Shows what an answer says. What the stream read before it would take it back. */
  function show(change: (now: SeatMenuView | null) => SeatMenuView | null): void {
    setSeat(change)
    restart()
  }
  const onMenu: OrderProps['onMenu'] = (menu) => {
    if (menu) show((now) => now && { ...now, menu: [...menu] })
    else fetching.reload()
  }
  if (error instanceof ApiError && error.status === 404) {
    return (
      <PageMessage title={s.seat.notFound}>
        <p>{s.seat.notFoundHelp}</p>
      </PageMessage>
    )
  }
  if (seat) {
    setTimeZone(seat.theatre.timeZone)
    return <Order {...{ seat, isCurrent, onMenu }} />
  }
  if (!error) return <PageMessage title={s.seat.opening} />
  return <CantOpen fetching={fetching} />
}

startAppAtSeat(token)
void startPage(Seat, () => s.seat.title)
