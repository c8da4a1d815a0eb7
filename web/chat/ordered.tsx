import { useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { useFetch } from '../lib/use-fetch.js'
import { s } from '../strings/language.js'

/** What was ordered, with the note: what never changes of an order, so it is read once. */
export function Ordered({ orderId }: { orderId: number }) {
  const [order, setOrder] = useState<OrderView | null>(null)
  useFetch(() => api.order(orderId), setOrder, orderId)
  if (order?.id !== orderId) return null
  return (
    <section class="ordered" aria-label={s.chat.ordered}>
      <ul>
        {order.items.map((item, place) => (
          <li key={place}>
            <b>{item.quantity}</b>{' '}
            {plainText([item.name, ...item.options.map(({ choice }) => choice)].join(', '))}
          </li>
        ))}
      </ul>
      {order.note && (
        <p class="ordered-note" dir="auto">
          <b>{s.common.noteWord}: </b>
          {plainText(order.note)}
        </p>
      )}
    </section>
  )
}
