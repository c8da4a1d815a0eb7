import { f, s } from '../strings/language.js'
import type { OrderForm } from './order-form.js'

interface Props {
  form: OrderForm
  count: number
  paise: number
  onReview(): void
}

/** What is in the cart and the way to order it, or what has become of it. */
export function CartBar({ form: { busy, unseen }, count, paise, onReview }: Props) {
  const isFilled = count > 0 || busy
  const made = isFilled ? null : unseen
  const text = busy ? s.seat.sending : count > 0 ? s.seat.inCart(count, f) : s.seat.cartEmpty
  return (
    <div class="cart-bar" data-cart-count={count} data-filled={isFilled || made !== null}>
      <p role="status">{made ? s.seat.placed.title(made.id) : text}</p>
      {isFilled && (
        <button type="button" class="primary" data-action="review" onClick={onReview}>
          {s.seat.review} {count > 0 && <span class="amount">{f.money(paise)}</span>}
        </button>
      )}
      {made && (
        <a class="button primary" href={`/orders/${made.id}`} data-action="view-placed">
          {s.seat.earlier.view}
        </a>
      )}
    </div>
  )
}
