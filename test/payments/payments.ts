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

/** An online order of a new guest with a pending payment; the events so far are forgotten. */
export async function startPaying(fixture: Fixture): Promise<Paying> {
  const guest = await fixture.guest()
  const order = await fixture.order({ guest })
  const payment = await startPayment(fixture.ctx, provider, guest.principal, order.id)
  fixture.events.length = 0
  return { guest, order, payment }
}

let ids = 0

export interface Said {
  event?: string
  amount?: unknown
  currency?: unknown
  eventId?: string
  /** the provider's id of what was paid; null: none */
  entityId?: unknown
}

/** A webhook as the provider sends it, about a payment. */
export function webhookOf(payment: Pick<PaymentRecord, 'id' | 'amount'>, said: Said = {}): RawWebhook {
  const { event = 'payment.captured', amount = payment.amount, currency = 'INR' } = said
  const { entityId: id = 'pay_1' } = said
  const entity = { id, order_id: payment.id, amount, currency, status: 'captured' }
  return signed(JSON.stringify({ event, payload: { payment: { entity } } }), said.eventId)
}

export function signed(body: string | Buffer, eventId = `evt_${++ids}`): RawWebhook {
  const rawBody = Buffer.from(body)
  return { rawBody, signature: createHmac('sha256', SECRET).update(rawBody).digest('hex'), eventId }
}

export const take = (fixture: Fixture, raw: RawWebhook): Promise<WebhookResult> =>
  applyWebhook(fixture.ctx, SECRET, raw)
