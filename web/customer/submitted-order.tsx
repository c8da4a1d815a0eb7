import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'
import { Chosen } from '../ui/chosen.js'
import { orderText } from './payment-text.js'

interface SubmittedProps {
  order: OrderView
  title: string
  children: ComponentChildren
}

/** An order that was made, in place of the form that ordered it. */
function SubmittedOrder({ order, title, children }: SubmittedProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // It replaces the form that had the focus.
  useEffect(() => heading.current?.focus(), [])
  return (
    <section class="earlier" aria-labelledby="made-title" data-order-id={order.id}>
      <h3 id="made-title" ref={heading} tabIndex={-1}>
        {title}
      </h3>
      <ul>
        {order.items.map((item, place) => (
          <li key={place}>
            <b>{f.number(item.quantity)}</b> {plainText(item.name)} <Chosen options={item.options} />
          </li>
        ))}
      </ul>
      <p class="review-total">
        <span>{s.seat.total}</span> <span class="amount">{f.money(order.total)}</span>
      </p>
      {children}
    </section>
  )
}

interface EarlierProps {
  order: OrderView
  onView(): void
  /** Makes what is in the cart an order of its own; null: the cart is empty. */
  onAnother: (() => void) | null
}

/** An order that an earlier request has made: shown before anything else is ordered. */
export function EarlierOrder({ order, onView, onAnother }: EarlierProps) {
  return (
    <SubmittedOrder order={order} title={s.seat.earlier.title}>
      <p class="quiet">
        {s.common.orderNumber(order.id)} · {orderText(order).status}
      </p>
      <p>{onAnother ? s.seat.earlier.text : s.seat.earlier.textOnly}</p>
      <a class="button primary wide" href={`/orders/${order.id}`} data-action="view-earlier" onClick={onView}>
        {s.seat.earlier.view}
      </a>
      {onAnother && (
        <button type="button" class="wide" data-action="another" onClick={onAnother}>
          {s.seat.earlier.another}
        </button>
      )}
    </SubmittedOrder>
  )
}

/** The order that was just made, while its payment or its page opens. */
export function PlacedOrder({ order }: { order: OrderView }) {
  return (
    <SubmittedOrder order={order} title={s.seat.placed.title(order.id)}>
      <p role="status">{order.paymentMethod === 'online' ? s.order.openingPayment : s.order.opening}</p>
      <a class="button wide" href={`/orders/${order.id}`} data-action="view-placed">
        {s.seat.earlier.view}
      </a>
    </SubmittedOrder>
  )
}
