import { managedOrders } from '../access/order-access.js'
import { canDecideForTheatre } from '../access/theatre-access.js'
import { Prisma, type Transaction } from '../database/client.js'
import { conflict, DomainError, forbidden, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { type OrderRecord, readOrders } from '../orders/order-record.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { type LedgerSettings, type OpenedIssue, readMoney, recordFacts, settleOrder } from './ledger.js'
import { refundableOf } from './order-money.js'
import { type PaymentProvider, RefundRefused } from './provider.js'
import { providerUnavailable } from './razorpay-provider.js'

/** What refunds need besides the database. */
export interface RefundTools {
  provider: PaymentProvider
  settings: LedgerSettings
  /** is called with each issue that was opened, for the log */
  onIssue(issue: OpenedIssue): void
}

export interface RefundOrder {
  orderId: number
  /** paise; null: all that is left */
  amount: number | null
  /** the caller's idempotency key */
  key: string
}

/**
 * Gives back money of an order: through the provider, or noted for cash. Repeated with its key it is one refund. Throws
 * `not_found`, `forbidden` for staff who don't manage the theatre, 409 `nothing_to_refund`, 409 `refund_refused` when the
 * provider refuses, 422 `idempotency_key_reused`, and 503 `payment_provider_unavailable` when the outcome is unknown.
 */
export async function refundOrder(
  ctx: ActionContext,
  tools: RefundTools,
  principal: Principal,
  given: RefundOrder,
): Promise<OrderRecord> {
  const { orderId } = given
  const refundId = await commit(ctx, (tx) => storeRequest(tx, tools, principal, given), {
    queueKey: orderGroup(orderId),
  })
  const { onBehalf: _, ...service } = ctx
  const outcome = await sendRefund(service, tools, refundId)
  if (outcome instanceof RefundRefused) {
    throw conflict('refund_refused', `The payment provider refused the refund: ${outcome.message}`)
  }
  if (outcome === 'unknown') {
    throw providerUnavailable('The payment provider did not answer. Repeat the request to find out.', null)
  }
  const [order] = await readOrders(ctx.db, Prisma.sql`o.id = ${orderId}::int`)
  if (!order) throw notFound('order')
  return order
}

/** Stores the request, unless the key already has one; returns the refund's id. */
async function storeRequest(
  tx: Transaction,
  { settings }: RefundTools,
  principal: Principal,
  { orderId, amount: wanted, key }: RefundOrder,
): Promise<Outcome<number>> {
  const [locked] = await tx.$queryRaw<{ theatreId: number }[]>`
    SELECT o.theatre_id AS "theatreId" FROM orders o
    WHERE o.id = ${orderId}::int AND ${managedOrders(principal)} FOR NO KEY UPDATE`
  if (!locked) throw notFound('order')
  if (!canDecideForTheatre(principal, locked.theatreId)) throw forbidden()
  const [known] = await tx.$queryRaw<{ id: number; amount: number }[]>`
    SELECT id, amount::float8 AS amount FROM refunds WHERE order_id = ${orderId}::int AND request_key = ${key}`
  if (known) {
    if (wanted === null || wanted === known.amount) return { result: known.id }
    throw new DomainError(422, 'idempotency_key_reused', 'The key belongs to a refund of another amount.')
  }
  const { captures, refunds } = await readMoney(tx, orderId)
  const paying = captures.find(({ kind }) => kind === 'paying')
  const left = paying ? refundableOf(paying, refunds) : 0
  const amount = wanted ?? left
  if (!paying || amount < 1 || amount > left) {
    throw conflict('nothing_to_refund', `At most ${left} paise can be refunded.`)
  }
  const isCash = paying.method === 'cash'
  const [row] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO refunds (capture_id, order_id, amount, status, key, request_key, requested_by)
    VALUES (${paying.id}, ${orderId}::int, ${amount}::bigint, ${isCash ? 'processed' : 'requested'}::refund_status,
      ${isCash ? null : Prisma.sql`gen_random_uuid()::text`}, ${key}, ${principal.userId}::int)
    RETURNING id`
  if (!row) throw new Error('the refund was not stored')
  const { events } = await settleOrder(tx, orderId, settings)
  return { result: row.id, events }
}

/** What became of a request: `sent` also if it had been sent before. */
export type SendOutcome = 'sent' | 'unknown' | RefundRefused

/** Sends a stored request to the provider, unless it was. Never throws for the provider's sake. */
export async function sendRefund(ctx: ActionContext, tools: RefundTools, id: number): Promise<SendOutcome> {
  const [row] = await ctx.db.$queryRaw<{ chargeId: string; amount: number; key: string; orderId: number }[]>`
    SELECT capture_id AS "chargeId", amount::float8 AS amount, key, order_id AS "orderId"
    FROM refunds WHERE id = ${id}::int AND status = 'requested' AND key IS NOT NULL`
  if (!row) return 'sent'
  const { provider, settings, onIssue } = tools
  let answer: Awaited<ReturnType<PaymentProvider['refund']>>
  try {
    answer = await provider.refund(row)
  } catch (error) {
    if (!(error instanceof RefundRefused)) return 'unknown'
    for (const issue of await storeRefusal(ctx, settings, row.orderId, id)) onIssue(issue)
    return error
  }
  if (answer === null) return 'sent'
  const issues = await commit(ctx, async (tx): Promise<Outcome<OpenedIssue[]>> => {
    const recorded = await recordFacts(tx, { charge: null, refund: answer }, settings)
    return { result: recorded.issues, events: recorded.events }
  })
  for (const issue of issues) onIssue(issue)
  return 'sent'
}

function storeRefusal(
  ctx: ActionContext,
  settings: LedgerSettings,
  orderId: number,
  id: number,
): Promise<OpenedIssue[]> {
  return commit(ctx, async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${orderId}::int FOR NO KEY UPDATE`
    await tx.$executeRaw`
      UPDATE refunds SET status = 'failed' WHERE id = ${id}::int AND status = 'requested' AND provider_id IS NULL`
    const { events, issues } = await settleOrder(tx, orderId, settings)
    return { result: issues, events }
  })
}

const BATCH = 20

/** Sends the requests that wait: the service's own, and those whose outcome was unknown. Returns how many it tried. */
export async function sendDueRefunds(ctx: ActionContext, tools: RefundTools): Promise<number> {
  // claimed by moving the next try, so that nodes don't send the same ones; 1 min, 2, 4 … up to 6 hours
  const due = await ctx.db.$queryRaw<{ id: number }[]>`
    UPDATE refunds SET tries = tries + 1,
      next_try_at = now() + least(make_interval(mins => 1) * power(2, least(tries, 9)), make_interval(hours => 6))
    WHERE id IN (SELECT id FROM refunds WHERE status = 'requested' AND next_try_at <= now()
      ORDER BY next_try_at LIMIT ${BATCH}::int FOR UPDATE SKIP LOCKED)
    RETURNING id`
  for (const { id } of due) await sendRefund(ctx, tools, id)
  return due.length
}
