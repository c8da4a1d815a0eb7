import type { OrderView } from '../../src/protocol/views.js'
import { heldOf, moneyStateOf, surplusOf } from '../live/money-state.js'
import { f, s } from '../strings/language.js'

/** What has been given back of an order, or is to be; null: nothing. */
export function describeRefund(order: OrderView): string | null {
  const state = moneyStateOf(order)
  const returning = state === 'returning' ? order.dueBack : surplusOf(order)
  const parts = [
    state === 'refund-due' && s.board.refundDue(f.money(heldOf(order))),
    returning > 0 && s.board.returning(f.money(returning)),
    order.refundedAmount > 0 && s.board.refunded(f.money(order.refundedAmount)),
  ].filter((part) => part !== false)
  return parts.length > 0 ? parts.join(' · ') : null
}
