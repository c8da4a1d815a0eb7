import type { CheckoutRecord } from './payment-queries.js'
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
export function simulateWebhook(
  { id, amount }: CheckoutRecord,
  event: 'payment.captured' | 'payment.failed',
  secret: string,
): SignedWebhook {
  const status = event === 'payment.captured' ? 'captured' : 'failed'
  const entity = { id: `pay_${id}`, order_id: id, amount, currency: 'INR', status }
  const body = JSON.stringify({ event, payload: { payment: { entity } } })
  return {
    headers: {
      'content-type': 'application/json',
      'x-razorpay-signature': signWebhook(body, secret),
      'x-razorpay-event-id': `${status}_${id}`,
    },
    body,
  }
}
