import { createHmac } from 'node:crypto'
import type { OrderRecord } from '../../src/orders/order-record.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import type { PaymentRecord } from '../../src/payments/payment-queries.js'
import { createSimulatedProvider } from '../../src/payments/simulated-provider.js'
import { applyWebhook, type RawWebhook, type WebhookResult } from '../../src/payments/webhook-actions.js'
import type { Fixture, Guest } from '../helpers/fixture.js'

export const SECRET = 'the-secret-of-the-webhook'
export const provider = createSimulatedProvider()

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
  amount?: unknown
  currency?: unknown
  eventId?: string
  /** the provider's id of the charge */
  entityId?: unknown
}

/** A signed webhook about a payment, as the provider would send it. */
export function webhookOf(
  payment: Pick<PaymentRecord, 'id' | 'amount'>,
  content: WebhookContent = {},
): RawWebhook {
  const { event = 'payment.captured', amount = payment.amount, currency = 'INR' } = content
  const { entityId: id = 'pay_1' } = content
  const entity = { id, order_id: payment.id, amount, currency, status: 'captured' }
  return signed(JSON.stringify({ event, payload: { payment: { entity } } }), content.eventId)
}

export function signed(body: string | Buffer, eventId = `evt_${++ids}`): RawWebhook {
  const rawBody = Buffer.from(body)
  return { rawBody, signature: createHmac('sha256', SECRET).update(rawBody).digest('hex'), eventId }
}

export const apply = (fixture: Fixture, raw: RawWebhook): Promise<WebhookResult> =>
  applyWebhook(fixture.ctx, SECRET, raw)
