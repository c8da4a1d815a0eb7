import type { OrderRecord } from '../../src/orders/order-record.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import type { PaymentRecord } from '../../src/payments/payment-queries.js'
import { createSimulatedProvider } from '../../src/payments/simulated-provider.js'
import { applyWebhook, type RawWebhook, type WebhookResult } from '../../src/payments/webhook-actions.js'
import { signWebhook } from '../../src/payments/webhook-signature.js'
import type { Fixture, Guest } from '../helpers/fixture.js'

export const SECRET = 'the-secret-of-the-webhook'
export const SETTINGS = { secrets: [SECRET, 'the-secret-before'], autoRefund: false }

/** Starts payments. Refunds through it fail: these tests send their webhooks themselves. */
export const provider = createSimulatedProvider({
  secret: SECRET,
  deliver: () => Promise.reject(new Error('no service to deliver to')),
})

export interface Paying {
  guest: Guest
  order: OrderRecord
  payment: PaymentRecord
}

/** An online order of a new guest with a pending payment. Clears the fixture's events. */
export async function startPaying(fixture: Fixture): Promise<Paying> {
  const guest = await fixture.guest()
  const order = await fixture.order({ guest })
  const payment = await startPayment(fixture.ctx, provider, guest.principal, order.id)
  fixture.events.length = 0
  return { guest, order, payment }
}

let ids = 0

export interface WebhookContent {
  event?: string
  eventId?: string
  /** over the payment entity's members */
  entity?: object
}

/** A signed webhook about a payment, as the provider would send it. */
export function webhookOf(
  payment: Pick<PaymentRecord, 'id' | 'amount'>,
  { event = 'payment.captured', eventId, entity }: WebhookContent = {},
): RawWebhook {
  return signed(
    JSON.stringify({ event, payload: { payment: { entity: chargeOf(payment, entity) } } }),
    eventId,
  )
}

/** The provider's charge of a payment, without `captured`: the event's name says it. */
const chargeOf = ({ id, amount }: Pick<PaymentRecord, 'id' | 'amount'>, entity: object = {}) => ({
  id: `pay_${id}`,
  order_id: id,
  amount,
  currency: 'INR',
  ...entity,
})

export interface RefundContent {
  event?: string
  /** paise; all of it by default */
  amount?: number
  /** the provider's id of the refund */
  refundId?: string
  /** over the payment entity's members */
  entity?: object
}

/** A signed webhook about a refund of a captured payment. */
export function refundOf(
  payment: Pick<PaymentRecord, 'id' | 'amount'>,
  { event = 'refund.processed', amount = payment.amount, refundId, entity }: RefundContent = {},
): RawWebhook {
  const charge = chargeOf(payment, { captured: true, ...entity })
  const refund = { id: refundId ?? `rfnd_${++ids}`, payment_id: charge.id, amount, status: 'processed' }
  return signed(
    JSON.stringify({ event, payload: { payment: { entity: charge }, refund: { entity: refund } } }),
  )
}

export function signed(body: string | Buffer, eventId = `evt_${++ids}`, secret = SECRET): RawWebhook {
  const rawBody = Buffer.from(body)
  return { rawBody, signature: signWebhook(rawBody, secret), eventId }
}

export const apply = (fixture: Fixture, raw: RawWebhook): Promise<WebhookResult> =>
  applyWebhook(fixture.ctx, SETTINGS, raw)
