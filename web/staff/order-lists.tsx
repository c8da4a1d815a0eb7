import { useEffect, useRef, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { isBoolean, recall, remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { moneyStateOf } from '../live/money-state.js'
import { endedAt, isOwed, isRestorable, itemTotals } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import type { Board } from './board.js'
import { describeRefund, moneyText } from './money-text.js'

/** Total quantities over all open orders, for the kitchen. Whether it is unfolded is remembered; `isOpenFirst` until it is known. */
export function ItemTotals({
  orders,
  isOpenFirst,
  isHeld,
}: {
  orders: readonly OrderView[]
  isOpenFirst: boolean
  /** The tickets below must not move up. */
  isHeld: boolean
}) {
  const [chosen, setChosen] = useState(() => recall('totals-open', isBoolean))
  const isOpen = chosen ?? isOpenFirst
  const strip = useRef<HTMLElement>(null)
  const [height, setHeight] = useState(0)
  useEffect(() => setHeight(isHeld ? (strip.current?.offsetHeight ?? 0) : 0), [isHeld])
  const totals = itemTotals(orders)
  if (totals.length === 0 && height === 0) return null
  return (
    <section ref={strip} class="item-totals" style={{ minHeight: height }} aria-label={st.board.itemTotals}>
      <h2>
        <button
          type="button"
          class="plain fold"
          aria-expanded={isOpen}
          onClick={() => {
            remember('totals-open', !isOpen)
            setChosen(!isOpen)
            setHeight(0)
          }}
        >
          {st.board.toPrepare}
        </button>
      </h2>
      {isOpen && (
        <ul>
          {totals.map((item) => (
            <li key={item.menuItemId} data-item-total={item.menuItemId}>
              <b>{item.quantity}</b> {plainText(item.name)}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function MoneyNote({ order }: { order: OrderView }) {
  const money = moneyText(order)
  return money && <em>{money.text}</em>
}

export function UnpaidList({ orders }: { orders: readonly OrderView[] }) {
  if (orders.length === 0) return null
  return (
    <section class="unpaid" aria-label={st.board.unpaid}>
      <h2>{st.board.unpaid}</h2>
      <ul>
        {orders.map((order) => (
          <li
            key={order.id}
            data-order-id={order.id}
            data-status={order.status}
            data-payment-status={order.paymentStatus}
          >
            <b>{order.seat.name}</b> <span>{order.seat.hall}</span> <span>{f.money(order.total)}</span>
            <MoneyNote order={order} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Delivered orders whose cash is not collected yet. */
export function CashOwedList({ orders, board }: { orders: readonly OrderView[]; board: Board }) {
  const busy = useStore(board.busy)
  if (orders.length === 0) return null
  return (
    <section class="unpaid cash-owed" aria-label={st.board.cashOwed}>
      <h2>{st.board.cashOwed}</h2>
      <ul>
        {orders.map((order) => (
          <li key={order.id} data-order-id={order.id} data-payment-status={order.paymentStatus}>
            <b>{order.seat.name}</b> <span>{order.seat.hall}</span> <span>{moneyText(order)?.text}</span>
            <button
              type="button"
              data-action="collect-cash"
              aria-label={st.board.collectFrom(order.seat.name)}
              disabled={busy.has(order.id)}
              onClick={() => void board.change(order, 'collect-cash')}
            >
              {st.board.collect}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What the board says of money that is due back; that of a payment issue is for a manager to look at. */
function refundWords(order: OrderView): string {
  return describeRefund(order) ?? (isOwed(order) ? '' : st.board.toCheck)
}

/** Orders with money that is to be given back, is on its way, or must be looked at. */
export function RefundList({ orders, canRefund }: { orders: readonly OrderView[]; canRefund: boolean }) {
  if (orders.length === 0) return null
  return (
    <section class="unpaid cash-owed" aria-label={st.board.refunds}>
      <h2>{st.board.refunds}</h2>
      <ul>
        {orders.map((order) => (
          <li key={order.id} data-order-id={order.id} data-money={moneyStateOf(order)}>
            <b>{order.seat.name}</b> <span>{s.common.orderNumber(order.id)}</span>{' '}
            <span>{refundWords(order)}</span>
          </li>
        ))}
      </ul>
      {canRefund ? (
        <a class="button" href="/theatre/today/">
          {st.board.toPayments}
        </a>
      ) : (
        <p class="quiet">{st.board.askManager}</p>
      )}
    </section>
  )
}

function Refund({ order }: { order: OrderView }) {
  const text = describeRefund(order)
  return text && <b class="refund"> · {text}</b>
}

export function EndedList({
  orders,
  timeZone,
  board,
  now,
}: {
  orders: readonly OrderView[]
  timeZone: string | undefined
  board: Board
  now: number
}) {
  const busy = useStore(board.busy)
  return (
    <details class="ended">
      <summary>{st.board.ended(orders.length)}</summary>
      {orders.length === 0 && <p class="quiet">{st.board.endedNone}</p>}
      <ol>
        {orders.map((order) => (
          <li key={order.id} data-order-id={order.id} data-status={order.status}>
            <b>{order.seat.name}</b>
            <span>{order.seat.hall}</span>
            <span class="ended-items">
              {order.items.map((item) => `${item.quantity} ${plainText(item.name)}`).join(', ')}
              <Refund order={order} />
            </span>
            <span>
              {s.status[order.status]} {f.time(endedAt(order) ?? order.createdAt, timeZone)}
            </span>
            {isRestorable(order, now) && (
              <button
                type="button"
                data-action="restore"
                aria-label={st.board.restoreOrder(order.seat.name)}
                disabled={busy.has(order.id)}
                onClick={() => void board.change(order, 'undo')}
              >
                {st.board.restore}
              </button>
            )}
          </li>
        ))}
      </ol>
    </details>
  )
}
