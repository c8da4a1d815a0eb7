import { useEffect, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { isLive } from '../live/orders-state.js'
import { s } from '../strings/language.js'
import { orderWords, paymentWords } from './payment-words.js'
import { awaitsConfirmation } from './reported-payment.js'

/** This phone's live orders at this seat, so that they are found again after the page was closed. Read again at `news`. */
export function useLiveOrders(seatId: number, news: string): readonly OrderView[] {
  const [orders, setOrders] = useState<readonly OrderView[]>([])
  useEffect(() => {
    let isOutdated = false
    const show = (all: OrderView[]): void => {
      if (!isOutdated) setOrders(all.filter((order) => order.seat.id === seatId && isLive(order)))
    }
    const read = (): void => {
      if (document.visibilityState !== 'visible') return
      // Before the first order there is no session, so a 401 is expected.
      api.ownOrders().then(show, () => {})
    }
    read()
    document.addEventListener('visibilitychange', read)
    return () => {
      isOutdated = true
      document.removeEventListener('visibilitychange', read)
    }
  }, [seatId, news])
  return orders
}

export function LiveOrders({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="running" aria-label={s.seat.liveOrders}>
      {orders.map((order) => (
        <a key={order.id} href={`/orders/${order.id}`} data-order-id={order.id} data-status={order.status}>
          <span>
            {s.board.number(order.id)} · {orderWords(order, awaitsConfirmation(order)).status}
          </span>
          <span>
            {paymentWords(order, awaitsConfirmation(order)).pay === null ? s.seat.track : s.seat.payNow}
          </span>
        </a>
      ))}
    </section>
  )
}
