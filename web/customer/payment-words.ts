import type { OrderView } from '../../src/protocol/views.js'
import { heldOf, type MoneyState, surplusOf } from '../live/money-state.js'
import { f, s } from '../strings/language.js'

/** A second payment in words; null: there is none that has not gone back. */
export function describeSurplus(order: OrderView): string | null {
  const surplus = surplusOf(order)
  return surplus > 0 ? s.order.payment.paidTwice(f.money(surplus)) : null
}

/** The order's payment in words; null: there is nothing to say. */
export function describePayment(order: OrderView, state: MoneyState): string | null {
  const words = s.order.payment
  const isCash = order.paymentMethod === 'cash'
  const refunded = f.money(order.refundedAmount)
  switch (state) {
    case 'cash-due':
      return s.order.cashDue(f.money(order.total))
    case 'partially-refunded':
      return words.partiallyRefunded(refunded, f.money(order.total))
    case 'refunded':
      return isCash ? words.refunded(refunded) : `${words.refunded(refunded)} ${words.mayTakeDays}`
    case 'refund-due':
      return (isCash ? words.cashReturn : words.refundDue)(f.money(heldOf(order)))
    case 'returning':
      return words.returning(f.money(heldOf(order)))
    case 'void':
      return isCash ? null : words.void
    default:
      return words[state]
  }
}
