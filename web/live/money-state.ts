import type { OrderView } from '../../src/protocol/views.js'

/** What an order's payment means to the people who look at it. */
export type MoneyState =
  /** online, can be paid */
  | 'unpaid'
  /** The provider's checkout reported success; the service does not know yet. */
  | 'confirming'
  /** online, failed, can be tried again */
  | 'failed'
  | 'cash-due'
  /** changed to cash while a reported payment is being confirmed */
  | 'cash-unless-confirmed'
  | 'paid'
  | 'partially-refunded'
  | 'refunded'
  /** paid, then cancelled: all or the rest is to be given back */
  | 'refund-due'
  /** paid after it was cancelled: the service gives it back by itself */
  | 'returning'
  /** paid, then cancelled: a manager has noted that the rest was settled in another way */
  | 'settled'
  /** cancelled while a reported payment is being confirmed */
  | 'cancelled-unconfirmed'
  /** cancelled, never paid */
  | 'void'

/**
 * How long after a reported success a failure may be that of an earlier attempt: the provider's form lets the customer
 * try again, and its webhooks arrive in any order.
 */
export const EARLIER_FAILURE_MS = 2 * 60_000

export type Payable = Pick<OrderView, 'id' | 'paymentStatus'>

/**
 * Whether the page waits for the confirmation of a payment whose success was reported at `reportedAt` (ms; null: none
 * was). It does until the order's payment status says more, also if the order was cancelled or changed to cash meanwhile.
 */
export function isConfirming(order: Payable, reportedAt: number | null, now: number): boolean {
  if (reportedAt === null) return false
  if (order.paymentStatus === 'failed') return now - reportedAt < EARLIER_FAILURE_MS
  return order.paymentStatus === 'pending'
}

/** Paise that the payment of the order has brought and that were not given back. */
export const heldOf = (order: OrderView): number =>
  order.paymentStatus === 'paid' || order.paymentStatus === 'partially_refunded'
    ? order.total - order.refundedAmount
    : 0

/** Paise of a second payment that have not gone back yet: the service returns them by itself. */
export const surplusOf = (order: OrderView): number =>
  Math.max(0, order.dueBack - (order.status === 'cancelled' ? heldOf(order) : 0))

export function moneyStateOf(order: OrderView, confirming = false): MoneyState {
  const { status, paymentStatus } = order
  if (paymentStatus === 'refunded') return 'refunded'
  if (status === 'cancelled') {
    if (heldOf(order) === 0) return confirming ? 'cancelled-unconfirmed' : 'void'
    if (order.dueBack === 0) return 'settled'
    // Never confirmed, but paid: the money arrived after the cancellation.
    return order.confirmedAt === null ? 'returning' : 'refund-due'
  }
  if (paymentStatus === 'paid') return 'paid'
  if (paymentStatus === 'partially_refunded') return 'partially-refunded'
  if (order.paymentMethod === 'cash') return confirming ? 'cash-unless-confirmed' : 'cash-due'
  if (confirming) return 'confirming'
  return paymentStatus === 'failed' ? 'failed' : 'unpaid'
}
