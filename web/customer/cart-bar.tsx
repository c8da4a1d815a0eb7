import type { OrderingView } from '../../src/protocol/views.js'
import { f, s } from '../strings/language.js'
import type { CartTotal } from './cart-lines.js'
import type { OrderForm } from './order-form.js'
import { pauseText } from './pause-text.js'

interface Props {
  form: OrderForm
  theatre: OrderingView
  total: CartTotal
  /** nothing is in the cart, not even what can't be ordered just now */
  isEmpty: boolean
  onReview(): void
}

/** What is in the cart and the way to order it, or what has become of it. It also says when ordering is paused. */
export function CartBar({ form: { busy, unseen }, theatre, total, isEmpty, onReview }: Props) {
  const { count, paise, problems } = total
  const isFilled = !isEmpty || busy
  const made = isFilled ? null : unseen
  const inCart = problems > 0 ? s.seat.inCartProblems(count, problems, f) : s.seat.inCart(count, f)
  // before what is in the cart: nothing of it can be ordered meanwhile
  const text = busy ? s.seat.sending : (pauseText(theatre) ?? (isEmpty ? s.seat.cartEmpty : inCart))
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
