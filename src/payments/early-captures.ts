import { Prisma, type Queryable } from '../database/client.js'
import { type LedgerSettings, NO_CHANGE, type Recorded, settleOrder } from './settlement.js'

// A provider may report a charge before the payment that it belongs to is stored: the provider knows the payment first.

/** A SQL expression that takes an advisory lock on this name until the commit: its row may not exist yet. Null locks nothing. */
export const lockName = (name: string | null): Prisma.Sql =>
  Prisma.sql`pg_advisory_xact_lock(hashtextextended(${name}, 0))::text AS locked`

/** The same for a payment's id. */
export const lockPaymentId = (id: string): Prisma.Sql => lockName(`payment ${id}`)

/** What a capture is to its order `o`, an expression. It sees the captures that are stored. */
export const captureKind = (amount: Prisma.Sql, currency: Prisma.Sql): Prisma.Sql => Prisma.sql`
  CASE WHEN o.id IS NULL THEN 'unknown'
    WHEN ${amount} <> o.total OR ${currency} <> 'INR' THEN 'mismatched'
    WHEN EXISTS (SELECT FROM captures c WHERE c.order_id = o.id AND c.kind = 'paying') THEN 'surplus'
    ELSE 'paying' END::capture_kind`

/**
 * Gives a payment that has just been stored the captures that were reported before. The caller has locked its id and the
 * row of its order. Refunds that this requests are sent by the job.
 */
export async function adoptCaptures(
  tx: Queryable,
  paymentId: string,
  orderId: number,
  settings: LedgerSettings,
): Promise<Recorded> {
  const early = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM captures WHERE payment_id = ${paymentId} AND order_id IS NULL ORDER BY captured_at, id`
  if (early.length === 0) return NO_CHANGE
  // one after the other: the first one pays
  for (const { id } of early) {
    await tx.$executeRaw`
      UPDATE captures AS e SET order_id = o.id, kind = ${captureKind(Prisma.sql`e.amount`, Prisma.sql`e.currency`)}
      FROM orders o WHERE e.id = ${id} AND o.id = ${orderId}::int`
  }
  const ids = early.map(({ id }) => id)
  await tx.$executeRaw`UPDATE refunds SET order_id = ${orderId}::int WHERE capture_id = ANY(${ids}::text[])`
  await tx.$executeRaw`UPDATE payment_issues SET order_id = ${orderId}::int WHERE capture_id = ANY(${ids}::text[])`
  return await settleOrder(tx, orderId, settings)
}
