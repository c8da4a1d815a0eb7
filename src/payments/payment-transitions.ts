import type { OrderEventName } from '../orders/order-events.js'
import type { OrderStatus, PaymentStatus } from '../protocol/views.js'
import type { WebhookEventName } from './webhook-body.js'

/** Where a payment and its order stand when the provider says something. */
export interface PaymentState {
  order: { status: OrderStatus; paymentStatus: PaymentStatus }
  payment: PaymentStatus
  /** the order's other payments */
  others: readonly PaymentStatus[]
  /** a capture of this payment was told before */
  wasCaptured: boolean
  /** it speaks of money that came as a capture after the payment's first */
  isOfSurplus: boolean
}

/** What follows. Null: stays as it is. */
export interface Change {
  payment: PaymentStatus | null
  order: { paymentStatus: PaymentStatus; confirms: boolean } | null
  events: readonly OrderEventName[]
  /** we hold money that nobody owes us: an operator has to give it back */
  refundDue: boolean
}

const NOTHING: Change = { payment: null, order: null, events: [], refundDue: false }

/**
 * The state machine of payments. Events come late, repeated and out of order, and none moves an order backwards:
 * each is judged by where things stand, not by what ought to have come before.
 */
export function decide(event: WebhookEventName, state: PaymentState): Change {
  switch (event) {
    case 'payment.captured':
      return decideCaptured(state)
    case 'payment.failed':
      return decideFailed(state)
    case 'refund.processed':
      return decideRefunded(state)
  }
}

function decideCaptured({ order, payment, wasCaptured }: PaymentState): Change {
  if (payment === 'refunded' && !wasCaptured) return NOTHING // its refund overtook it
  if (payment === 'paid' || payment === 'refunded') return { ...NOTHING, refundDue: true }
  // another payment has paid the order; this one is noted, so that its refund is not taken for the order's
  if (order.paymentStatus === 'paid' || order.paymentStatus === 'refunded') {
    return { ...NOTHING, payment: 'paid', refundDue: true }
  }
  if (order.status !== 'placed') {
    return {
      payment: 'paid',
      order: { paymentStatus: 'paid', confirms: false },
      events: ['payment.paid'],
      refundDue: order.status === 'cancelled',
    }
  }
  return {
    payment: 'paid',
    order: { paymentStatus: 'paid', confirms: true },
    events: ['payment.paid', 'order.confirmed'],
    refundDue: false,
  }
}

function decideFailed({ order, payment }: PaymentState): Change {
  if (payment !== 'pending') return NOTHING
  if (order.paymentStatus !== 'pending') return { ...NOTHING, payment: 'failed' }
  return {
    payment: 'failed',
    order: { paymentStatus: 'failed', confirms: false },
    events: ['payment.failed'],
    refundDue: false,
  }
}

function decideRefunded({ order, payment, others, isOfSurplus }: PaymentState): Change {
  // what was captured twice and given back once is still paid
  if (payment === 'refunded' || isOfSurplus) return NOTHING
  const refunded: Change = { ...NOTHING, payment: 'refunded' }
  if (order.paymentStatus === 'refunded') return refunded
  // what was paid twice and given back once is still paid; what is being paid anew is still pending
  const stands = order.paymentStatus === 'paid' ? 'paid' : 'pending'
  if (others.includes(stands)) return refunded
  return { ...refunded, order: { paymentStatus: 'refunded', confirms: false }, events: ['payment.refunded'] }
}
