import type { OrderView } from '../../src/live/protocol.js'
import { plainText } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { endedAt, tally } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import type { Board } from './board.js'

/** What is open, all orders together: for who stands at the machines. */
export function TallyStrip({ orders }: { orders: readonly OrderView[] }) {
  const totals = tally(orders)
  if (totals.length === 0) return null
  return (
    <section class="tally" aria-label={s.board.tally}>
      <h2>{s.board.toPrepare}</h2>
      <ul>
        {totals.map((item) => (
          <li key={item.menuItemId} data-tally={item.menuItemId}>
            <b>{item.quantity}</b> {plainText(item.name)}
          </li>
        ))}
      </ul>
    </section>
  )
}

export function UnpaidList({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="unpaid" aria-label={s.board.unpaid}>
      <h2>{s.board.unpaid}</h2>
      <ul>
        {orders.map((order) => (
          <li
            key={order.id}
            data-order-id={order.id}
            data-status={order.status}
            data-payment-status={order.paymentStatus}
          >
            <b>{order.seat.name}</b> <span>{order.seat.hall}</span> <span>{f.money(order.total)}</span>
            {order.paymentStatus === 'failed' && <em>{s.board.paymentFailed}</em>}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Brought, but not paid for: the ticket is gone, the money is not there yet. */
export function OwedList({ orders, board }: { orders: readonly OrderView[]; board: Board }) {
  const busy = useStore(board.busy)
  if (orders.length === 0) return null
  return (
    <section class="unpaid owed" aria-label={s.board.owed}>
      <h2>{s.board.owed}</h2>
      <ul>
        {orders.map((order) => (
          <li key={order.id} data-order-id={order.id} data-payment-status={order.paymentStatus}>
            <b>{order.seat.name}</b> <span>{order.seat.hall}</span>{' '}
            <span>{s.board.cashDue(f.money(order.total))}</span>
            <button
              type="button"
              data-action="collect-cash"
              aria-label={s.board.collectFrom(order.seat.name)}
              disabled={busy.has(order.id)}
              onClick={() => void board.act(order, 'collect-cash')}
            >
              {s.board.collect}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function EndedList({
  orders,
  timeZone,
}: {
  orders: readonly OrderView[]
  timeZone: string | undefined
}) {
  return (
    <details class="ended">
      <summary>{s.board.ended(orders.length)}</summary>
      {orders.length === 0 && <p class="quiet">{s.board.endedNone}</p>}
      <ol>
        {orders.map((order) => (
          <li key={order.id} data-order-id={order.id} data-status={order.status}>
            <b>{order.seat.name}</b>
            <span>{order.seat.hall}</span>
            <span class="ended-items">
              {order.items.map((item) => `${item.quantity} ${plainText(item.name)}`).join(', ')}
            </span>
            <span>
              {s.status[order.status]} {f.time(endedAt(order) ?? order.createdAt, timeZone)}
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}
