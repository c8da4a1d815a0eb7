import { type Database, Prisma } from './database/client.js'
import { APPLIED_DAYS } from './payments/webhook-actions.js'

// What is stored of a customer as a person, and for how long. Orders, amounts, and the provider's ids of charges, refunds and
// webhooks stay: they are the books. The event log, which holds chat texts too, has a shorter retention of its own.

export interface Purged {
  /** orders whose phone and note were removed */
  orders: number
  /** chat messages deleted */
  messages: number
  /** idempotency keys deleted: their hashes are of requests with a phone */
  keys: number
  /** webhooks whose body was emptied */
  webhooks: number
}

const BATCH = 1000

/**
 * Condition on the order `o`: it was delivered or cancelled more than `days` ago, by the database's clock, and its money is
 * settled. While an issue or a refund is open, the staff may have to reach the customer.
 */
const settledBefore = (days: number): Prisma.Sql => Prisma.sql`(
  coalesce(o.delivered_at, o.cancelled_at) < now() - make_interval(days => ${days}::int)
  AND NOT EXISTS (SELECT FROM payment_issues i WHERE i.order_id = o.id AND i.resolved_at IS NULL)
  AND NOT EXISTS (SELECT FROM refunds r WHERE r.order_id = o.id AND r.status IN ('requested', 'pending')))`

/**
 * Removes personal data of orders that ended more than `days` ago, and the bodies of webhooks received before that, in
 * batches of `batch` rows. Nodes may run it at once: rows that are locked are left to the next run. A webhook that is yet to
 * be applied keeps its body.
 */
export async function purgePersonalData(db: Database, days: number, batch = BATCH): Promise<Purged> {
  const due = settledBefore(days)
  const limit = Prisma.sql`LIMIT ${batch}::int`
  const orders = Prisma.sql`
    UPDATE orders SET phone = NULL, note = NULL WHERE id IN (
      SELECT o.id FROM orders o WHERE (o.phone IS NOT NULL OR o.note IS NOT NULL) AND ${due} ${limit} FOR NO KEY UPDATE SKIP LOCKED)`
  const messages = Prisma.sql`
    DELETE FROM chat_messages WHERE id IN (
      SELECT m.id FROM chat_messages m JOIN orders o ON o.id = m.order_id
      WHERE ${due} ${limit} FOR UPDATE OF m SKIP LOCKED)`
  const keys = Prisma.sql`
    DELETE FROM idempotency_keys WHERE (session_id, key) IN (
      SELECT k.session_id, k.key FROM idempotency_keys k JOIN orders o ON o.id = k.order_id
      WHERE ${due} ${limit} FOR UPDATE OF k SKIP LOCKED)`
  const webhooks = Prisma.sql`
    UPDATE payment_webhooks SET body = '' WHERE id IN (
      SELECT w.id FROM payment_webhooks w
      WHERE octet_length(w.body) > 0 AND w.received_at < now() - make_interval(days => ${days}::int)
        AND (w.outcome <> 'error' OR w.received_at < now() - make_interval(days => ${APPLIED_DAYS}::int))
      ${limit} FOR UPDATE SKIP LOCKED)`
  return {
    orders: await inBatches(db, orders, batch),
    messages: await inBatches(db, messages, batch),
    keys: await inBatches(db, keys, batch),
    webhooks: await inBatches(db, webhooks, batch),
  }
}

/** Each batch is a transaction of its own, which holds its locks for a moment only. */
async function inBatches(db: Database, statement: Prisma.Sql, batch: number): Promise<number> {
  for (let total = 0; ; ) {
    const changed = await db.$executeRaw(statement)
    total += changed
    if (changed < batch) return total
  }
}
