import type { OrderView } from '../../src/protocol/views.js'
import { heldOf, type MoneyState, moneyStateOf, surplusOf } from '../live/money-state.js'
import { f, s } from '../strings/language.js'

/** What an order's page says of its payment. Pure. */
export interface PaymentWords {
  state: MoneyState
  /** none: there is nothing to say */
  texts: string[]
  /** the Pay button's label; null: the order can't be paid, so there is no button */
  pay: string | null
}

/** `confirming`: the provider's checkout has reported success, and the service does not know yet. */
export function paymentText(order: OrderView, confirming = false): PaymentWords {
  const state = moneyStateOf(order, confirming)
  const surplus = surplusOf(order)
  const paidTwice = surplus > 0 ? s.order.payment.paidTwice(f.money(surplus)) : null
  const texts = [describePayment(order, state), paidTwice].filter((text) => text !== null)
  return { state, texts, pay: payLabel(order, state) }
}

function payLabel({ total }: OrderView, state: MoneyState): string | null {
  if (state === 'unpaid') return s.order.payNow(f.money(total))
  return state === 'failed' ? s.order.payAgain(f.money(total)) : null
}

function describePayment(order: OrderView, state: MoneyState): string | null {
  const words = s.order.payment
  const isCash = order.paymentMethod === 'cash'
  const refunded = f.money(order.refundedAmount)
  switch (state) {
    case 'cash-due':
      return s.order.cashDue(f.money(order.total))
    case 'cash-unless-confirmed':
      return s.order.cashUnlessConfirmed(f.money(order.total))
    case 'cancelled-unconfirmed':
      return words.cancelledUnconfirmed
    case 'partially-refunded':
      return words.partiallyRefunded(refunded, f.money(order.total))
    case 'refunded':
      return isCash ? words.refunded(refunded) : `${words.refunded(refunded)} ${words.mayTakeDays}`
    case 'refund-due':
      return (isCash ? words.cashReturn : words.refundDue)(f.money(heldOf(order)))
    case 'returning':
      return words.returning(f.money(heldOf(order)))
    case 'settled':
      return words.settled(f.money(heldOf(order)))
    case 'void':
      return isCash ? null : words.void
    default:
      return words[state]
  }
}

/** The page's heading, the sentence under it, and the order's state in a list. Pure. */
export interface OrderWords {
  head: string
  next: string
  status: string
}

export function orderText(order: OrderView, confirming = false): OrderWords {
  if (moneyStateOf(order, confirming) === 'confirming') {
    const { head, next } = s.order.confirming
    return { head, next, status: head }
  }
  // Its money has gone back before it arrived: the order can't be paid any more, and the service will cancel it.
  if (order.status === 'placed' && moneyStateOf(order) === 'refunded') {
    const { head, next } = s.order.refundedUnconfirmed
    return { head, next, status: head }
  }
  return {
    head: s.order.head[order.status](order),
    next: s.order.next[order.status](order),
    status: s.status[order.status],
  }
}
