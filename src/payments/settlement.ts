import { Prisma, type Queryable } from '../database/client.js'
import type { NewEvent } from '../events/event-log.js'
import { orderEvents } from '../orders/order-events.js'
import { changeOrders, type OrderRecord } from '../orders/order-record.js'
import { type Issue, type OrderMoney, type Settlement, settle } from './order-money.js'

// Stores what the recorded captures and refunds mean for their order, its payments and its issues.

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

export const NO_CHANGE: Recorded = { changed: false, events: [], issues: [], requests: [] }

/** What came of an order's money, and the order itself. */
export interface Settled extends Recorded {
  order: OrderRecord
}

/** Brings an order whose row the caller has locked in line with its captures and refunds. */
export async function settleOrder(
  tx: Queryable,
  orderId: number,
  { autoRefund }: LedgerSettings,
): Promise<Settled> {
  const settlement = settle(await readMoney(tx, orderId))
  const order = await writeSettlement(tx, orderId, settlement)
  const requests = autoRefund ? await requestReturns(tx, orderId, settlement.returns) : []
  const events = orderEvents(settlement.events, order)
  const issues = settlement.opens.map((issue) => ({ ...issue, orderId }))
  return { changed: true, order, events, issues, requests }
}

/** All that is known of an order's money. */
export async function readMoney(tx: Queryable, orderId: number): Promise<OrderMoney> {
  const [row] = await tx.$queryRaw<(OrderMoney['order'] & Omit<OrderMoney, 'order'>)[]>`
    SELECT o.status::text AS status, o.payment_method::text AS "paymentMethod",
      o.payment_status::text AS "paymentStatus", o.refunded_amount AS "refundedAmount", o.due_back AS "dueBack",
      (SELECT coalesce(json_agg(json_build_object('id', p.id, 'status', p.status) ORDER BY p.created_at, p.id), '[]')
        FROM payments p WHERE p.order_id = o.id) AS payments,
      (SELECT coalesce(json_agg(json_build_object('id', c.id, 'paymentId', c.payment_id, 'kind', c.kind,
          'method', c.method, 'amount', c.amount, 'currency', c.currency, 'late', c.late) ORDER BY c.captured_at, c.id), '[]')
        FROM captures c WHERE c.order_id = o.id) AS captures,
      (SELECT coalesce(json_agg(json_build_object('id', r.id, 'providerId', r.provider_id, 'captureId', r.capture_id,
          'amount', r.amount, 'status', r.status, 'createdAt', extract(epoch FROM r.created_at) * 1000,
          'failedAt', extract(epoch FROM r.failed_at) * 1000) ORDER BY r.id), '[]')
        FROM refunds r JOIN captures c ON c.id = r.capture_id WHERE c.order_id = o.id) AS refunds,
      (SELECT coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind, 'subject', i.subject,
          'captureId', i.capture_id, 'amount', i.amount,
          'state', CASE WHEN i.resolved_at IS NULL THEN 'open' WHEN i.resolved_by IS NULL THEN 'closed' ELSE 'noted' END
        ) ORDER BY i.id), '[]') FROM payment_issues i WHERE i.order_id = o.id) AS issues
    FROM orders o WHERE o.id = ${orderId}::int`
  if (!row) throw new Error(`order ${orderId} is missing in its own transaction`)
  const { payments, captures, refunds, issues, ...order } = row
  return { order, payments, captures, refunds, issues }
}

async function writeSettlement(
  tx: Queryable,
  orderId: number,
  { order: after, payments, opens, changes, closes }: Settlement,
): Promise<OrderRecord> {
  const [order] = await changeOrders(
    tx,
    Prisma.sql`
      UPDATE orders AS o SET payment_status = ${after.paymentStatus}::payment_status,
        payment_method = ${after.paymentMethod}::payment_method, refunded_amount = ${after.refundedAmount}::int,
        due_back = ${after.dueBack}::int,
        status = CASE WHEN ${after.confirms} THEN 'confirmed'::order_status ELSE o.status END,
        confirmed_at = CASE WHEN ${after.confirms} THEN clock_timestamp() ELSE o.confirmed_at END
      WHERE o.id = ${orderId}::int`,
    Prisma.sql`
    , settled AS (
      UPDATE payments AS p SET status = given.status
      FROM unnest(${payments.map(({ id }) => id)}::text[], ${payments.map(({ status }) => status)}::payment_status[])
        AS given (id, status)
      WHERE p.id = given.id)
    , opened AS (${insertIssues(opens, orderId)})
    , lessened AS (
      UPDATE payment_issues AS i SET amount = given.amount
      FROM unnest(${changes.map(({ id }) => id)}::int[], ${changes.map(({ amount }) => amount)}::bigint[]) AS given (id, amount)
      WHERE i.id = given.id AND i.resolved_at IS NULL)
    , closed AS (
      UPDATE payment_issues SET resolved_at = now() WHERE id = ANY(${closes}::int[]) AND resolved_at IS NULL)`,
  )
  if (!order) throw new Error(`order ${orderId} is missing in its own transaction`)
  return order
}

function insertIssues(issues: readonly Issue[], orderId: number | null): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO payment_issues (kind, order_id, subject, capture_id, amount)
    SELECT kind, ${orderId}::int, subject, "captureId", amount
    FROM json_to_recordset(${JSON.stringify(issues)}::json)
      AS i (kind payment_issue_kind, subject text, "captureId" text, amount bigint)
    ON CONFLICT DO NOTHING`
}

async function requestReturns(
  tx: Queryable,
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
export async function settleUnknown(tx: Queryable, captureId: string): Promise<OpenedIssue[]> {
  const [row] = await tx.$queryRaw<{ remaining: number; known: boolean }[]>`
    SELECT EXISTS (SELECT FROM payment_issues i WHERE i.subject = c.id) AS known,
      (c.amount - coalesce((SELECT sum(r.amount) FROM refunds r
        WHERE r.capture_id = c.id AND r.status = 'processed'), 0))::float8 AS remaining
    FROM captures c WHERE c.id = ${captureId}`
  if (!row) return []
  if (row.remaining <= 0) {
    await tx.$executeRaw`
      UPDATE payment_issues SET resolved_at = now() WHERE subject = ${captureId} AND resolved_at IS NULL`
    return []
  }
  if (row.known) {
    await tx.$executeRaw`
      UPDATE payment_issues SET amount = ${row.remaining}::bigint
      WHERE subject = ${captureId} AND resolved_at IS NULL`
    return []
  }
  const issue = { kind: 'unknown_payment', subject: captureId, captureId, amount: row.remaining } as const
  await tx.$executeRaw(insertIssues([issue], null))
  return [{ ...issue, orderId: null }]
}
