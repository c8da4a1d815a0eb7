import { useEffect, useMemo, useState } from 'preact/hooks'
import type { MenuItemView, SeatMenuView } from '../../src/protocol/views.js'
import { createCart, quantityOf, totalOf } from '../customer/cart.js'
import { CartBar } from '../customer/cart-bar.js'
import { LiveOrders, useLiveOrders } from '../customer/live-orders.js'
import { MenuList } from '../customer/menu-list.js'
import { useOrderForm } from '../customer/order-form.js'
import { OrderReview } from '../customer/order-review.js'
import { ApiError, api } from '../lib/api.js'
import { isLong } from '../lib/format.js'
import { isBoolean, recall, remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { useReading } from '../lib/use-reading.js'
import { s } from '../strings/language.js'
import { CantOpen, PageMessage } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const token = decodeURIComponent(/^\/s\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

interface OrderProps {
  seat: SeatMenuView
  /** the new menu; null: to be loaded */
  onMenu(menu: readonly MenuItemView[] | null): void
}

function Order({ seat, onMenu }: OrderProps) {
  const cart = useMemo(() => createCart(token), [])
  const now = useStore(cart.cart)
  const [onlyVeg, setOnlyVeg] = useState(() => recall('only-veg', isBoolean) ?? false)
  const [reviewing, setReviewing] = useState(false)
  const form = useOrderForm({ token, cart, isOpen: reviewing, onMenu })
  // An order was made, here or in another tab, or may have been.
  const liveOrders = useLiveOrders(seat.seat.id, `${now.key} ${form.isUnknown}`)
  const total = totalOf(now, seat.menu)
  const menu = onlyVeg ? seat.menu.filter((item) => item.vegetarian) : seat.menu

  function close(): void {
    setReviewing(false)
    form.stay()
  }
  useEffect(cart.follow, [cart])
  useEffect(() => cart.prune(seat.menu), [cart, seat.menu])
  useEffect(() => {
    document.title = `${seat.seat.name} · ${seat.theatre.name}`
  }, [seat])

  return (
    <>
      <header class="seat-head">
        <div>
          <p class="seat-theatre">{seat.theatre.name}</p>
          <h1>
            {s.seat.title} <span class="visually-hidden">{seat.seat.name}</span>
          </h1>
          <p class="quiet">{seat.seat.hall}</p>
        </div>
        <p class="seat-tile" data-long={isLong(seat.seat.name)} aria-hidden="true">
          {seat.seat.name}
        </p>
      </header>
      <main class="ordering" data-seat-id={seat.seat.id}>
        <LiveOrders orders={liveOrders} />
        <div class="menu-head">
          <h2>{s.menu.title}</h2>
          <label class="veg-filter">
            <input
              type="checkbox"
              role="switch"
              aria-checked={onlyVeg}
              checked={onlyVeg}
              onChange={() => {
                remember('only-veg', !onlyVeg)
                setOnlyVeg(!onlyVeg)
              }}
            />
            <span>{s.menu.onlyVeg}</span>
          </label>
        </div>
        <MenuList
          menu={menu}
          quantity={(item) => quantityOf(now, item.id)}
          onChange={(item, next) => cart.set(item.id, next)}
        />
        {menu.length === 0 && <p class="quiet">{s.menu.empty}</p>}
      </main>
      <CartBar form={form} {...total} onReview={() => setReviewing(true)} />
      {reviewing && <OrderReview {...{ token, seat, cart, form }} onClose={close} />}
    </>
  )
}

function Seat() {
  const [seat, setSeat] = useState<SeatMenuView | null>(null)
  const reading = useReading(() => api.seatMenu(token), setSeat)
  const { error } = reading
  const onMenu: OrderProps['onMenu'] = (menu) => {
    if (seat && menu) setSeat({ ...seat, menu: [...menu] })
    else reading.again()
  }
  if (seat) return <Order seat={seat} onMenu={onMenu} />
  if (error instanceof ApiError && error.status === 404) {
    return (
      <PageMessage title={s.seat.notFound}>
        <p>{s.seat.notFoundHelp}</p>
      </PageMessage>
    )
  }
  if (!error) return <PageMessage title={s.seat.opening} />
  return <CantOpen reading={reading} />
}

void startPage(Seat, () => s.seat.title)
