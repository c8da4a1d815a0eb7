import { useEffect, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { useReading } from '../lib/use-reading.js'
import { isLive } from '../live/order-facts.js'
import { s } from '../strings/language.js'
import { orderWords, paymentWords } from './payment-words.js'
import { awaitsConfirmation } from './reported-payment.js'

/** This phone's live orders at this seat, so that they are found again after the page was closed. Read again at `news`. */
export function useLiveOrders(seatId: number, news: string): readonly OrderView[] {
  const [orders, setOrders] = useState<readonly OrderView[]>([])
  // Before the first order there is no session, so a 401 is expected.
  const { again } = useReading(
    api.ownOrders,
    (all) => setOrders(all.filter((order) => order.seat.id === seatId && isLive(order))),
    `${seatId} ${news}`,
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

export function LiveOrders({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="running" aria-label={s.seat.liveOrders}>
      {orders.map((order) => (
        <a key={order.id} href={`/orders/${order.id}`} data-order-id={order.id} data-status={order.status}>
          <span>
            {s.common.orderNumber(order.id)} · {orderWords(order, awaitsConfirmation(order)).status}
          </span>
          <span>
            {paymentWords(order, awaitsConfirmation(order)).pay === null ? s.seat.track : s.seat.payNow}
          </span>
        </a>
      ))}
    </section>
  )
}
