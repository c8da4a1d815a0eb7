import type { PaymentRecord } from './payment-queries.js'
import { signWebhook } from './webhook-signature.js'

/** A request to POST /webhooks/payments. */
export interface SignedWebhook {
  headers: Record<'content-type' | 'x-razorpay-signature' | 'x-razorpay-event-id', string>
  body: string
}

/**
 * The webhook that a provider would send once the customer has paid, or failed to. The event id depends on the payment
 * and the outcome only, so that a button pressed twice is one event.
 */
export function checkoutWebhook(
  { id, amount }: Pick<PaymentRecord, 'id' | 'amount'>,
  event: 'payment.captured' | 'payment.failed',
  secret: string,
): SignedWebhook {
  const captured = event === 'payment.captured'
  const status = captured ? 'captured' : 'failed'
  const entity = { id: `pay_${id}`, order_id: id, amount, currency: 'INR', status, captured }
  return sign(`${status}_${id}`, { event, payload: { payment: { entity } } }, secret)
}

/** The webhook of a processed refund. */
export function refundWebhook(
  { id, chargeId, amount, key }: { id: string; chargeId: string; amount: number; key: string },
  secret: string,
): SignedWebhook {
  const entity = { id, payment_id: chargeId, amount, currency: 'INR', status: 'processed', receipt: key }
  return sign(`processed_${id}`, { event: 'refund.processed', payload: { refund: { entity } } }, secret)
}

function sign(eventId: string, content: object, secret: string): SignedWebhook {
  const body = JSON.stringify(content)
  return {
    headers: {
      'content-type': 'application/json',
      'x-razorpay-signature': signWebhook(body, secret),
      'x-razorpay-event-id': eventId,
    },
    body,
  }
}
