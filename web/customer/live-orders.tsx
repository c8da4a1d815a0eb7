import { useEffect, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { useFetch } from '../lib/use-fetch.js'
import { isLive } from '../live/order-facts.js'
import { s } from '../strings/language.js'
import { orderText, paymentText } from './payment-text.js'
import { awaitsConfirmation } from './reported-payment.js'

/** This phone's live orders at this seat, so that they are found again after the page was closed. Read again at `news`. */
export function useLiveOrders(seatId: number, news: string): readonly OrderView[] {
  const [orders, setOrders] = useState<readonly OrderView[]>([])
  // Before the first order there is no session, so a 401 is expected.
  const { reload } = useFetch(
    api.ownOrders,
    (all) => setOrders(all.filter((order) => order.seat.id === seatId && isLive(order))),
    `${seatId} ${news}`,
  )
  useEffect(() => {
    const read = (): void => {
      if (document.visibilityState === 'visible') reload()
    }
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  }, [reload])
  return orders
}

export function LiveOrders({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="running" aria-label={s.seat.liveOrders}>
      {orders.map((order) => (
        <a key={order.id} href={`/orders/${order.id}`} data-order-id={order.id} data-status={order.status}>
          <span>
            {s.common.orderNumber(order.id)} · {orderText(order, awaitsConfirmation(order)).status}
          </span>
          <span>
            {paymentText(order, awaitsConfirmation(order)).pay === null ? s.seat.track : s.seat.payNow}
          </span>
        </a>
      ))}
    </section>
  )
}
