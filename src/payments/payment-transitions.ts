import type { OrderEventName } from '../orders/order-events.js'
import type { OrderStatus, PaymentStatus } from '../protocol/views.js'
import type { WebhookEventName } from './webhook-body.js'

/** The state of a payment and its order when a provider's event arrives. */
export interface PaymentState {
  order: { status: OrderStatus; paymentStatus: PaymentStatus }
  payment: PaymentStatus
  /** the order's other payments */
  others: readonly PaymentStatus[]
  /** this payment has been captured before */
  wasCaptured: boolean
  /** the event is about a surplus capture, one after the payment's first */
  isOfSurplus: boolean
}

/** The changes that an event causes; null: unchanged. */
export interface Change {
  payment: PaymentStatus | null
  order: { paymentStatus: PaymentStatus; confirms: boolean } | null
  events: readonly OrderEventName[]
  /** we received money that we are not owed: an operator has to refund it */
  refundDue: boolean
}

const NOTHING: Change = { payment: null, order: null, events: [], refundDue: false }

/**
 * The state machine of payments. Events arrive late, repeated and out of order, and none may move an order backwards,
 * so each is decided by the current state, not by an expected sequence.
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
  if (payment === 'refunded' && !wasCaptured) return NOTHING // its refund arrived first
  if (payment === 'paid' || payment === 'refunded') return { ...NOTHING, refundDue: true }
  // another payment has paid the order; recording this one keeps its refund from counting as the order's
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
  // the refund of a surplus capture leaves the payment paid
  if (payment === 'refunded' || isOfSurplus) return NOTHING
  const refunded: Change = { ...NOTHING, payment: 'refunded' }
  if (order.paymentStatus === 'refunded') return refunded
  // another payment still pays for the order, or is about to
  const current = order.paymentStatus === 'paid' ? 'paid' : 'pending'
  if (others.includes(current)) return refunded
  return { ...refunded, order: { paymentStatus: 'refunded', confirms: false }, events: ['payment.refunded'] }
}
