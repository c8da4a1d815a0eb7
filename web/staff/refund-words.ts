import type { OrderView } from '../lib/views.js'
import { heldOf, moneyStateOf } from '../live/money-state.js'
import { f, s } from '../strings/language.js'

/** What has been given back of an order, or is to be; null: nothing. */
export function describeRefund(order: OrderView): string | null {
  const state = moneyStateOf(order)
  if (state === 'refund-due') return s.board.refundDue(f.money(heldOf(order)))
  if (state === 'returning') return s.board.returning(f.money(heldOf(order)))
  return order.refundedAmount > 0 ? s.board.refunded(f.money(order.refundedAmount)) : null
}
