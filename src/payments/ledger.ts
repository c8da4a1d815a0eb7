import { Prisma, type Transaction } from '../database/client.js'
import type { NewEvent } from '../events/event-log.js'
import { orderEvents } from '../orders/order-events.js'
import { readOrder } from '../orders/order-record.js'
import { type Issue, type OrderMoney, type Settlement, settle } from './order-money.js'

// Records what a provider says of charges and refunds, each once, and brings orders, payments and issues in line with it.
// Webhooks and reconciliation share this code, so that both lead to the same state.

export interface ProviderCharge {
  /** the provider's id of the charge; null: not given */
  id: string | null
  /** the provider's order id; null for a charge without an order */
  paymentId: string | null
  /** paise, or the smallest unit of `currency`; without a fee that the customer paid on top */
  amount: number
  currency: string
  state: 'captured' | 'failed' | 'other'
}

export interface ProviderRefund {
  id: string
  chargeId: string
  /** paise */
  amount: number
  status: 'pending' | 'processed' | 'failed'
  /** the key of our request, if the provider returns it */
  key: string | null
}

export interface Facts {
  charge: ProviderCharge | null
  refund: ProviderRefund | null
}

export interface LedgerSettings {
  /** late and second captures are given back without being asked */
  autoRefund: boolean
}

/** An issue that was opened, for the log. */
export interface OpenedIssue extends Issue {
  orderId: number | null
}

export interface Recorded {
  /** false: all of it was known or means nothing */
  changed: boolean
  events: NewEvent[]
  issues: OpenedIssue[]
  /** ids of refunds to request from the provider after the commit */
  requests: number[]
}

const NOTHING: Recorded = { changed: false, events: [], issues: [], requests: [] }

/** Records facts within the caller's transaction; its events are for the caller to append. */
export async function recordFacts(
  tx: Transaction,
  { charge, refund }: Facts,
  settings: LedgerSettings,
): Promise<Recorded> {
  const chargeId = refund?.chargeId ?? (charge && chargeIdOf(charge))
  if (chargeId === null) return NOTHING
  // a charge and its refund may arrive at once: without this lock neither would see the other
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`charge ${chargeId}`}, 0))::text`
  const orderId = await lockOrderOf(tx, charge, chargeId)
  const captured = charge?.state === 'captured' && (await recordCapture(tx, charge, chargeId, orderId))
  const refunded = refund !== null && (await recordRefund(tx, refund, orderId))
  const failed = charge?.state === 'failed' && orderId !== null && (await recordFailure(tx, charge))
  if (!captured && !refunded && !failed) return NOTHING
  if (orderId === null) return { ...NOTHING, changed: true, issues: await settleUnknown(tx, chargeId) }
  return { ...(await settleOrder(tx, orderId, settings)), changed: true }
}

/** A charge without an id can only be told apart by its order. */
const chargeIdOf = ({ id, paymentId }: ProviderCharge): string | null =>
  id ?? (paymentId === null ? null : `unnamed_${paymentId}`)

/** Finds the order that the charge belongs to and locks its row; null: none of ours. */
async function lockOrderOf(
  tx: Transaction,
  charge: ProviderCharge | null,
  chargeId: string,
): Promise<number | null> {
  const [found] = await tx.$queryRaw<{ id: number }[]>`
    SELECT o.id FROM orders o WHERE o.id = coalesce(
      (SELECT c.order_id FROM captures c WHERE c.id = ${chargeId}),
      (SELECT p.order_id FROM payments p WHERE p.id = ${charge?.paymentId ?? null}),
      (SELECT r.order_id FROM refunds r WHERE r.capture_id = ${chargeId} AND r.order_id IS NOT NULL LIMIT 1)
    ) FOR NO KEY UPDATE`
  return found?.id ?? null
}

/** Stores a capture unless it is known. The first capture of the right amount pays for its order. */
async function recordCapture(
  tx: Transaction,
  { paymentId, amount, currency }: ProviderCharge,
  chargeId: string,
  orderId: number | null,
): Promise<boolean> {
  const inserted = await tx.$executeRaw`
    INSERT INTO captures (id, payment_id, order_id, kind, method, amount, currency, late)
    SELECT ${chargeId}, ${paymentId}, o.id,
      CASE WHEN o.id IS NULL THEN 'unknown'
        WHEN ${amount}::bigint <> o.total OR ${currency} <> 'INR' THEN 'mismatched'
        WHEN EXISTS (SELECT FROM captures c WHERE c.order_id = o.id AND c.kind = 'paying') THEN 'surplus'
        ELSE 'paying' END::capture_kind,
      'online', ${amount}::bigint, ${currency}, coalesce(o.status = 'cancelled', false)
    FROM (SELECT 1) AS one LEFT JOIN orders o ON o.id = ${orderId}::int
    ON CONFLICT (id) DO NOTHING`
  return inserted > 0
}

const RANK = Prisma.sql`array_position(ARRAY['requested', 'pending', 'failed', 'processed'], `

/** Stores or advances a refund. It never moves back: events arrive in any order. */
async function recordRefund(
  tx: Transaction,
  { id, chargeId, amount, status, key }: ProviderRefund,
  orderId: number | null,
): Promise<boolean> {
  if (key !== null) await nameRequest(tx, key, id)
  const stored = await tx.$executeRaw`
    INSERT INTO refunds AS r (provider_id, capture_id, order_id, amount, status)
    VALUES (${id}, ${chargeId}, ${orderId}::int, ${amount}::bigint, ${status}::refund_status)
    ON CONFLICT (provider_id) DO UPDATE SET status = excluded.status, amount = excluded.amount
    WHERE ${RANK} excluded.status::text) > ${RANK} r.status::text)`
  return stored > 0
}

/** Gives our own request its provider's id, with what was recorded of that id before it was known to be ours. */
async function nameRequest(tx: Transaction, key: string, providerId: string): Promise<void> {
  const [own] = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM refunds WHERE key = ${key} AND provider_id IS NULL FOR UPDATE`
  if (!own) return
  const [seen] = await tx.$queryRaw<{ status: string }[]>`
    DELETE FROM refunds WHERE provider_id = ${providerId} RETURNING status::text AS status`
  await tx.$executeRaw`
    UPDATE refunds SET provider_id = ${providerId}, status = ${seen?.status ?? 'requested'}::refund_status
    WHERE id = ${own.id}::int`
}

/** A payment that was never captured can be tried again. */
async function recordFailure(tx: Transaction, { paymentId }: ProviderCharge): Promise<boolean> {
  const failed = await tx.$executeRaw`
    UPDATE payments p SET status = 'failed' WHERE p.id = ${paymentId} AND p.status = 'pending'
      AND NOT EXISTS (SELECT FROM captures c WHERE c.payment_id = p.id)`
  return failed > 0
}

/** Brings an order whose row the caller has locked in line with its captures and refunds. */
export async function settleOrder(
  tx: Transaction,
  orderId: number,
  { autoRefund }: LedgerSettings,
): Promise<Recorded> {
  const money = await readMoney(tx, orderId)
  const settlement = settle(money)
  await writeSettlement(tx, orderId, settlement)
  const requests = autoRefund ? await requestReturns(tx, orderId, settlement.returns) : []
  const isQuiet = settlement.events.length === 0
  const events = isQuiet ? [] : orderEvents(settlement.events, await readOrder(tx, orderId))
  const issues = settlement.opens.map((issue) => ({ ...issue, orderId }))
  return { changed: true, events, issues, requests }
}

/** All that is known of an order's money. */
export async function readMoney(tx: Transaction, orderId: number): Promise<OrderMoney> {
  const [row] = await tx.$queryRaw<(OrderMoney['order'] & Omit<OrderMoney, 'order'>)[]>`
    SELECT o.status::text AS status, o.payment_method::text AS "paymentMethod",
      o.payment_status::text AS "paymentStatus", o.refunded_amount AS "refundedAmount",
      (SELECT coalesce(json_agg(json_build_object('id', p.id, 'status', p.status) ORDER BY p.created_at, p.id), '[]')
        FROM payments p WHERE p.order_id = o.id) AS payments,
      (SELECT coalesce(json_agg(json_build_object('id', c.id, 'paymentId', c.payment_id, 'kind', c.kind,
          'method', c.method, 'amount', c.amount, 'late', c.late) ORDER BY c.captured_at, c.id), '[]')
        FROM captures c WHERE c.order_id = o.id) AS captures,
      (SELECT coalesce(json_agg(json_build_object('id', r.id, 'providerId', r.provider_id, 'captureId', r.capture_id,
          'amount', r.amount, 'status', r.status) ORDER BY r.id), '[]')
        FROM refunds r JOIN captures c ON c.id = r.capture_id WHERE c.order_id = o.id) AS refunds,
      (SELECT coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'subject', i.subject, 'amount', i.amount,
          'state', CASE WHEN i.resolved_at IS NULL THEN 'open' WHEN i.resolved_by IS NULL THEN 'closed' ELSE 'noted' END
        ) ORDER BY i.id), '[]') FROM payment_issues i WHERE i.order_id = o.id) AS issues
    FROM orders o WHERE o.id = ${orderId}::int`
  if (!row) throw new Error(`order ${orderId} is missing in its own transaction`)
  const { payments, captures, refunds, issues, ...order } = row
  return { order, payments, captures, refunds, issues }
}

async function writeSettlement(tx: Transaction, orderId: number, settlement: Settlement): Promise<void> {
  const { order, payments, opens, closes } = settlement
  await tx.$executeRaw`
    UPDATE orders SET payment_status = ${order.paymentStatus}::payment_status,
      payment_method = ${order.paymentMethod}::payment_method, refunded_amount = ${order.refundedAmount}::int,
      status = CASE WHEN ${order.confirms} THEN 'confirmed'::order_status ELSE status END,
      confirmed_at = CASE WHEN ${order.confirms} THEN clock_timestamp() ELSE confirmed_at END
    WHERE id = ${orderId}::int`
  for (const { id, status } of payments) {
    await tx.payment.update({ where: { id }, data: { status }, select: { id: true } })
  }
  for (const issue of opens) await openIssue(tx, issue, orderId)
  if (closes.length > 0) {
    await tx.$executeRaw`UPDATE payment_issues SET resolved_at = now() WHERE id = ANY(${closes}::int[])`
  }
}

async function openIssue(tx: Transaction, { kind, subject, amount }: Issue, orderId: number | null) {
  await tx.$executeRaw`
    INSERT INTO payment_issues (kind, order_id, subject, amount)
    VALUES (${kind}::payment_issue_kind, ${orderId}::int, ${subject}, ${amount}::bigint)
    ON CONFLICT DO NOTHING`
}

async function requestReturns(
  tx: Transaction,
  orderId: number,
  returns: Settlement['returns'],
): Promise<number[]> {
  const ids: number[] = []
  for (const { captureId, amount } of returns) {
    const [row] = await tx.$queryRaw<{ id: number }[]>`
      INSERT INTO refunds (capture_id, order_id, amount, status, key)
      VALUES (${captureId}, ${orderId}::int, ${amount}::bigint, 'requested', gen_random_uuid()::text) RETURNING id`
    if (row) ids.push(row.id)
  }
  return ids
}

/** The issue of a capture that is not ours: open until all of it has gone back. */
async function settleUnknown(tx: Transaction, captureId: string): Promise<OpenedIssue[]> {
  const [row] = await tx.$queryRaw<{ amount: number; remaining: number; known: boolean }[]>`
    SELECT c.amount::float8 AS amount, EXISTS (SELECT FROM payment_issues i WHERE i.subject = c.id) AS known,
      (c.amount - coalesce((SELECT sum(r.amount) FROM refunds r
        WHERE r.capture_id = c.id AND r.status = 'processed'), 0))::float8 AS remaining
    FROM captures c WHERE c.id = ${captureId}`
  if (!row) return []
  if (row.remaining <= 0) {
    await tx.$executeRaw`
      UPDATE payment_issues SET resolved_at = now() WHERE subject = ${captureId} AND resolved_at IS NULL`
    return []
  }
  if (row.known) return []
  const issue = { kind: 'unknown_payment', subject: captureId, amount: row.remaining } as const
  await openIssue(tx, issue, null)
  return [{ ...issue, orderId: null }]
}
