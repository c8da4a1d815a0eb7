import { useEffect, useMemo, useState } from 'preact/hooks'
import type { MenuItemView, OrderView, SeatMenuView } from '../../src/protocol/views.js'
import { createCart, quantityOf, totalOf } from '../customer/cart.js'
import { MenuList } from '../customer/menu-list.js'
import { OrderReview } from '../customer/order-review.js'
import { awaitsConfirmation } from '../customer/reported-payment.js'
import { ApiError, api } from '../lib/api.js'
import { isLong } from '../lib/format.js'
import { isBoolean, recall, remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { useReading } from '../lib/use-reading.js'
import { isLive } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import { CantOpen, PageMessage } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const token = decodeURIComponent(/^\/s\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

/** This phone's live orders at this seat, so that they are found again after the page was closed. */
function useLiveOrders(seatId: number | null): readonly OrderView[] {
  const [orders, setOrders] = useState<readonly OrderView[]>([])
  // Before the first order there is no session, so a 401 is expected.
  const { again } = useReading(
    api.ownOrders,
    (all) => {
      setOrders(all.filter((order) => order.seat.id === seatId && isLive(order)))
    },
    seatId,
  )
  useEffect(() => {
    const read = (): void => {
      if (document.visibilityState === 'visible') again()
    }
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  }, [again])
  return orders
}

function LiveOrders({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="running" aria-label={s.seat.liveOrders}>
      {orders.map((order) => (
        <a key={order.id} href={`/orders/${order.id}`} data-order-id={order.id} data-status={order.status}>
          <span>
            <b>{s.board.number(order.id)}</b>{' '}
            {awaitsConfirmation(order) ? s.order.confirming.head : s.status[order.status]}
          </span>
          <span>
            {order.status === 'placed' && !awaitsConfirmation(order) ? s.seat.payNow : s.seat.track}
          </span>
        </a>
      ))}
    </section>
  )
}

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
  const liveOrders = useLiveOrders(seat.seat.id)
  const total = totalOf(now, seat.menu)
  const menu = onlyVeg ? seat.menu.filter((item) => item.vegetarian) : seat.menu

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
      <div class="cart-bar" data-cart-count={total.count} data-filled={total.count > 0}>
        <p role="status">{total.count > 0 ? s.seat.inCart(total.count, f) : s.seat.cartEmpty}</p>
        {total.count > 0 && (
          <button type="button" class="primary" data-action="review" onClick={() => setReviewing(true)}>
            {s.seat.review} <span class="amount">{f.money(total.paise)}</span>
          </button>
        )}
      </div>
      {reviewing && (
        <OrderReview
          token={token}
          seat={seat}
          cart={cart}
          onClose={() => setReviewing(false)}
          onMenu={onMenu}
        />
      )}
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
