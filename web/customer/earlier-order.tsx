import { useEffect, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'

interface Props {
  order: OrderView
  onView(): void
  /** Makes what is in the cart an order of its own. */
  onAnother(): void
}

/** An order whose answer was lost: shown before anything else is ordered. */
export function EarlierOrder({ order, onView, onAnother }: Props) {
  const title = useRef<HTMLHeadingElement>(null)
  // It replaces the form that had the focus.
  useEffect(() => title.current?.focus(), [])
  return (
    <section class="earlier" aria-labelledby="earlier-title" data-order-id={order.id}>
      <h3 id="earlier-title" ref={title} tabIndex={-1}>
        {s.seat.earlier.title}
      </h3>
      <p>{s.seat.earlier.text}</p>
      <ul>
        {order.items.map((item) => (
          <li key={item.menuItemId}>
            <b>{f.number(item.quantity)}</b> {plainText(item.name)}
          </li>
        ))}
      </ul>
      <p class="review-total">
        <span>
          {s.board.number(order.id)} · {s.status[order.status]}
        </span>{' '}
        <span class="amount">{f.money(order.total)}</span>
      </p>
      <a class="button primary wide" href={`/orders/${order.id}`} data-action="view-earlier" onClick={onView}>
        {s.seat.earlier.view}
      </a>
      <button type="button" class="wide" data-action="another" onClick={onAnother}>
        {s.seat.earlier.another}
      </button>
    </section>
  )
}
