import type { Transaction } from '../database/client.js'
import { DomainError, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { orderEvents } from '../orders/order-events.js'
import { readOrder } from '../orders/order-record.js'
import { type PaymentRecord, paymentFields } from './payment-queries.js'
import { type Change, decide, type PaymentState } from './payment-transitions.js'
import { isPaymentId } from './provider.js'
import { readEventId, readWebhook, type WebhookEvent, type WebhookEventName } from './webhook-body.js'
import { isSignedWith } from './webhook-signature.js'

/** A webhook as received; the signature covers the bytes of the body. */
export interface RawWebhook {
  rawBody: Buffer
  signature: string | undefined
  eventId: string | undefined
}

/** Something that an operator must act on; the caller logs it at error level. */
export interface WebhookAlarm {
  kind: 'refund_due' | 'amount_mismatch'
  paymentId: string
  orderId: number
  eventId: string
  /** paise, according to the webhook */
  amount: number
}

export interface WebhookResult {
  /** `unchanged`: valid, but late or out of order, so that nothing changed */
  outcome: 'applied' | 'unchanged' | 'repeated' | 'ignored' | 'refused'
  alarm?: WebhookAlarm
  /** the response to the provider, if not 200 */
  error?: DomainError
}

/**
 * Applies a payment provider's webhook, at most once per event id. Checks in this order: throws 400 `invalid_signature`
 * and 400 `malformed_webhook`; ignores other kinds of events; throws 404 for an unknown payment; returns 422
 * `amount_mismatch` with an alarm for an amount or currency other than the order's.
 */
export async function applyWebhook(
  ctx: ActionContext,
  secret: string,
  raw: RawWebhook,
): Promise<WebhookResult> {
  if (!isSignedWith(raw.rawBody, raw.signature, secret)) {
    throw new DomainError(400, 'invalid_signature', 'The signature does not match the body.')
  }
  const event = readWebhook(raw.rawBody)
  const eventId = readEventId(raw.eventId)
  if (!event) return { outcome: 'ignored' }
  const payment = await findPayment(ctx, event.paymentId)
  if (!payment) throw notFound('payment')
  const { orderId, amount } = payment
  const alarm = { paymentId: payment.id, orderId, eventId, amount: event.amount }
  if (event.amount !== amount || event.currency !== 'INR') {
    const error = new DomainError(422, 'amount_mismatch', 'The amount does not match the order.')
    return { outcome: 'refused', alarm: { kind: 'amount_mismatch', ...alarm }, error }
  }
  const change = await applyOnce(ctx, payment, event, eventId)
  if (!change) return { outcome: 'repeated' }
  const outcome = change.order ? 'applied' : 'unchanged'
  return change.refundDue ? { outcome, alarm: { kind: 'refund_due', ...alarm } } : { outcome }
}

/** Reads what never changes of a payment and its order; `amount` is the order's total. */
async function findPayment({ db }: ActionContext, paymentId: string): Promise<PaymentRecord | null> {
  if (!isPaymentId(paymentId)) return null
  const payment = await db.payment.findUnique({
    where: { id: paymentId },
    select: { ...paymentFields, order: { select: { total: true } } },
  })
  return payment && { ...payment, amount: payment.order.total }
}

/** Returns null if the event id was applied before. */
function applyOnce(
  ctx: ActionContext,
  { id, orderId }: PaymentRecord,
  { name, entityId }: WebhookEvent,
  eventId: string,
): Promise<Change | null> {
  return commit(ctx, async (tx): Promise<Outcome<Change | null>> => {
    const state = await lockState(tx, orderId, id)
    const wasCaptured = state.captures.length > 0
    const surplus = name === CAPTURED && wasCaptured
    const inserted = await tx.$executeRaw`
      INSERT INTO payment_events (id, payment_id, name, provider_payment_id, surplus)
      VALUES (${eventId}, ${id}, ${name}, ${entityId}, ${surplus})
      ON CONFLICT (id) DO NOTHING`
    if (inserted === 0) return { result: null }
    const change = decide(name, { ...state, wasCaptured, isOfSurplus: isOfSurplus(state.captures, entityId) })
    if (change.payment) {
      await tx.payment.update({ where: { id }, data: { status: change.payment }, select: { id: true } })
    }
    if (!change.order) return { result: change }
    await writeOrder(tx, orderId, change.order)
    const events = orderEvents(change.events, await readOrder(tx, orderId))
    return { result: change, events }
  })
}

const CAPTURED: WebhookEventName = 'payment.captured'

interface Capture {
  providerPaymentId: string | null
  surplus: boolean
}

/** Whether the id is only known from surplus captures. A missing or unknown id is attributed to the first capture. */
function isOfSurplus(captures: readonly Capture[], entityId: string | null): boolean {
  if (entityId === null) return false
  const same = captures.filter(({ providerPaymentId }) => providerPaymentId === entityId)
  return same.length > 0 && same.every(({ surplus }) => surplus)
}

interface LockedState extends Pick<PaymentState, 'order' | 'payment' | 'others'> {
  captures: Capture[]
}

/** Locks the order's row, which every change of its payments takes first, then reads their state. */
async function lockState(tx: Transaction, orderId: number, paymentId: string): Promise<LockedState> {
  const [order] = await tx.$queryRaw<LockedState['order'][]>`
    SELECT status::text AS status, payment_status::text AS "paymentStatus"
    FROM orders WHERE id = ${orderId}::int FOR NO KEY UPDATE`
  const payments = await tx.payment.findMany({ where: { orderId }, select: { id: true, status: true } })
  const payment = payments.find(({ id }) => id === paymentId)
  if (!order || !payment) throw new Error(`payment ${paymentId} or its order is missing`)
  return {
    order,
    payment: payment.status,
    others: payments.filter(({ id }) => id !== paymentId).map(({ status }) => status),
    captures: await tx.paymentEvent.findMany({
      where: { paymentId, name: CAPTURED },
      select: { providerPaymentId: true, surplus: true },
    }),
  }
}

async function writeOrder(tx: Transaction, id: number, change: NonNullable<Change['order']>): Promise<void> {
  await tx.$executeRaw`
    UPDATE orders SET payment_status = ${change.paymentStatus}::payment_status,
      status = CASE WHEN ${change.confirms} THEN 'confirmed'::order_status ELSE status END,
      confirmed_at = CASE WHEN ${change.confirms} THEN clock_timestamp() ELSE confirmed_at END
    WHERE id = ${id}::int`
}
