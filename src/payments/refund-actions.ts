import { staffOrders } from '../access/order-access.js'
import { isTheatreManager } from '../access/theatre-access.js'
import { Prisma, type Transaction } from '../database/client.js'
import { conflict, DomainError, forbidden, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { type OrderRecord, readOrders } from '../orders/order-record.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { ProviderRefused } from './provider.js'
import { providerUnavailable } from './razorpay-provider.js'
import { type RefundTools, sendRefund } from './refund-requests.js'
import { allocateRefund, type Share } from './refund-shares.js'
import { readMoney, settleOrder } from './settlement.js'

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
  const ids = await commit(ctx, (tx) => storeRequest(tx, tools, principal, given), {
    queueKey: orderGroup(orderId),
  })
  // the request is stored: what the provider answers is recorded even if the caller's rights end meanwhile
  const { onBehalf: _, ...service } = ctx
  for (const id of ids) {
    const outcome = await sendRefund(service, tools, id)
    if (outcome instanceof ProviderRefused) {
      throw conflict('refund_refused', `The payment provider refused the refund: ${outcome.message}`)
    }
    if (outcome === 'unknown') {
      throw providerUnavailable('The payment provider did not answer. Repeat the request to find out.', null)
    }
  }
  const [order] = await readOrders(ctx.db, Prisma.sql`o.id = ${orderId}::int`)
  if (!order) throw notFound('order')
  return order
}

/** Stores the refunds of a request, unless its key already has them; returns their ids. */
async function storeRequest(
  tx: Transaction,
  { settings }: RefundTools,
  principal: Principal,
  { orderId, amount: wanted, key }: RefundOrder,
): Promise<Outcome<number[]>> {
  const [locked] = await tx.$queryRaw<{ theatreId: number }[]>`
    SELECT o.theatre_id AS "theatreId" FROM orders o
    WHERE o.id = ${orderId}::int AND ${staffOrders(principal)} FOR NO KEY UPDATE`
  if (!locked) throw notFound('order')
  if (!isTheatreManager(principal, locked.theatreId)) throw forbidden()
  const known = await findRequest(tx, orderId, key)
  if (known) {
    if (wanted === null ? known.whole : wanted === known.amount) return { result: known.ids }
    throw new DomainError(422, 'idempotency_key_reused', 'The key belongs to a refund of another amount.')
  }
  const { shares, left } = allocateRefund(await readMoney(tx, orderId), wanted)
  if (shares.length === 0) throw conflict('nothing_to_refund', `At most ${left} paise can be refunded.`)
  const ids: number[] = []
  const request = { orderId, key, whole: wanted === null, userId: principal.userId }
  for (const share of shares) ids.push(await insertRefund(tx, request, share))
  const { events } = await settleOrder(tx, orderId, settings)
  return { result: ids, events }
}

async function findRequest(
  tx: Transaction,
  orderId: number,
  key: string,
): Promise<{ ids: number[]; amount: number; whole: boolean } | null> {
  const rows = await tx.$queryRaw<{ id: number; amount: number; whole: boolean | null }[]>`
    SELECT id, amount::float8 AS amount, whole FROM refunds
    WHERE order_id = ${orderId}::int AND request_key = ${key} ORDER BY id`
  if (rows.length === 0) return null
  return {
    ids: rows.map(({ id }) => id),
    amount: rows.reduce((total, { amount }) => total + amount, 0),
    // null: an older node stored it
    whole: rows.every(({ whole }) => whole !== false),
  }
}

interface StoredRequest {
  orderId: number
  key: string
  /** all that was left was asked for */
  whole: boolean
  userId: number
}

async function insertRefund(
  tx: Transaction,
  { orderId, key, whole, userId }: StoredRequest,
  { captureId, method, amount }: Share,
): Promise<number> {
  const isCash = method === 'cash'
  const [row] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO refunds (capture_id, order_id, amount, status, key, request_key, whole, requested_by)
    VALUES (${captureId}, ${orderId}::int, ${amount}::bigint, ${isCash ? 'processed' : 'requested'}::refund_status,
      ${isCash ? null : Prisma.sql`gen_random_uuid()::text`}, ${key}, ${whole}, ${userId}::int)
    RETURNING id`
  if (!row) throw new Error('the refund was not stored')
  return row.id
}
