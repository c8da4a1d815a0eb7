import { Prisma, type Queryable } from '../database/client.js'
import { type ActionContext, commitRaw } from '../events/commit.js'
import { captureKind, lockName, lockPaymentId } from './early-captures.js'
import { type LedgerSettings, NO_CHANGE, type Recorded, settleOrder, settleUnknown } from './settlement.js'

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

export interface ProviderReport {
  charge: ProviderCharge | null
  refund: ProviderRefund | null
}

/** Records what the provider reports, and publishes what changed. */
export function recordReport(
  ctx: ActionContext,
  report: ProviderReport,
  settings: LedgerSettings,
): Promise<Recorded> {
  return commitRaw(ctx, async (tx) => {
    await tx.$queryRaw`SELECT ${lockCharge(report)}`
    const recorded = await recordLocked(tx, report, settings)
    return { result: recorded, events: recorded.events }
  })
}

/** The charge that the report is about, and its id; a refund of another charge wins. */
function chargeOf({ charge, refund }: ProviderReport): { charge: ProviderCharge | null; id: string | null } {
  const isOther = charge !== null && refund !== null && charge.id !== null && charge.id !== refund.chargeId
  const own = isOther ? null : charge
  return { charge: own, id: refund?.chargeId ?? (own && nameOf(own)) }
}

/**
 * An expression that locks the charge which the report is about until the commit, as text: a charge and its refund may arrive
 * at once, and without the lock neither would see the other.
 */
export function lockCharge(report: ProviderReport | null): Prisma.Sql {
  const id = report && chargeOf(report).id
  return lockName(id === null ? null : `charge ${id}`)
}

/** Records a report whose charge is locked (`lockCharge`). Locks the order as well; its events are for the caller to append. */
export async function recordLocked(
  tx: Queryable,
  report: ProviderReport,
  settings: LedgerSettings,
): Promise<Recorded> {
  const { refund } = report
  const { charge, id: chargeId } = chargeOf(report)
  if (chargeId === null) return NO_CHANGE
  const find = () => findOrder(tx, chargeId, charge?.paymentId ?? null, refund?.key ?? null)
  let { captureId, orderId } = await find()
  if (orderId === null && charge?.paymentId) {
    // its payment may just be being stored
    await tx.$queryRaw`SELECT ${lockPaymentId(charge.paymentId)}`
    ;({ captureId, orderId } = await find())
  }
  const captured = charge?.state === 'captured' && (await recordCapture(tx, charge, captureId, orderId))
  const refunded = refund !== null && (await recordRefund(tx, refund, captureId, orderId))
  const failed = charge?.state === 'failed' && orderId !== null && (await recordFailure(tx, charge))
  if (!captured && !refunded && !failed) return NO_CHANGE
  if (orderId === null) return { ...NO_CHANGE, changed: true, issues: await settleUnknown(tx, captureId) }
  return await settleOrder(tx, orderId, settings)
}

/** A charge without an id can only be told apart by its order. */
const nameOf = ({ id, paymentId }: ProviderCharge): string | null =>
  id ?? (paymentId === null ? null : `unnamed_${paymentId}`)

/** not in any id of a provider */
const SEPARATOR = ' '

/** The provider's id of a capture's charge. */
export const chargeIdOf = (captureId: string): string => captureId.split(SEPARATOR)[0] ?? captureId

/**
 * The id under which a capture is, or will be, recorded: the charge's. A charge belongs to one payment, so the same id under
 * another payment is another charge, and not a repeat that may be ignored. A refund that we requested names its capture.
 * Locks the row of the order that the charge belongs to; null: none of ours.
 */
async function findOrder(
  tx: Queryable,
  chargeId: string,
  paymentId: string | null,
  key: string | null,
): Promise<{ captureId: string; orderId: number | null }> {
  const scoped = `${chargeId}${SEPARATOR}${paymentId}`
  const [found] = await tx.$queryRaw<{ captureId: string; orderId: number | null }[]>`
    WITH capture AS (
      SELECT coalesce(
        (SELECT r.capture_id FROM refunds r WHERE r.key = ${key}),
        CASE WHEN EXISTS (SELECT FROM captures c WHERE c.id = ${chargeId} AND c.payment_id <> ${paymentId})
          THEN ${scoped} ELSE ${chargeId} END) AS id
    ), locked AS (
      SELECT o.id FROM orders o WHERE o.id = coalesce(
        (SELECT c.order_id FROM captures c JOIN capture ON capture.id = c.id),
        (SELECT p.order_id FROM payments p WHERE p.id = ${paymentId}),
        (SELECT r.order_id FROM refunds r JOIN capture ON capture.id = r.capture_id WHERE r.order_id IS NOT NULL LIMIT 1)
      ) FOR NO KEY UPDATE)
    SELECT capture.id AS "captureId", (SELECT id FROM locked) AS "orderId" FROM capture`
  if (!found) throw new Error('a query of one row returned none')
  return found
}

/** Stores a capture unless it is known. The first capture of the right amount pays for its order. */
async function recordCapture(
  tx: Queryable,
  { paymentId, amount, currency }: ProviderCharge,
  captureId: string,
  orderId: number | null,
): Promise<boolean> {
  const inserted = await tx.$executeRaw`
    INSERT INTO captures (id, payment_id, order_id, kind, method, amount, currency, late)
    SELECT ${captureId}, ${paymentId}, o.id, ${captureKind(Prisma.sql`${amount}::bigint`, Prisma.sql`${currency}`)},
      'online', ${amount}::bigint, ${currency}, coalesce(o.status = 'cancelled', false)
    FROM (SELECT 1) AS one LEFT JOIN orders o ON o.id = ${orderId}::int
    ON CONFLICT (id) DO NOTHING`
  return inserted > 0
}

/** Stores or advances a refund. It never moves back (the order of the enum): events arrive in any order. */
async function recordRefund(
  tx: Queryable,
  { id, amount, status, key }: ProviderRefund,
  captureId: string,
  orderId: number | null,
): Promise<boolean> {
  if (key !== null) await nameRequest(tx, key, id)
  const stored = await tx.$executeRaw`
    INSERT INTO refunds AS r (provider_id, capture_id, order_id, amount, status, failed_at)
    VALUES (${id}, ${captureId}, ${orderId}::int, ${amount}::bigint, ${status}::refund_status,
      CASE WHEN ${status === 'failed'} THEN now() END)
    ON CONFLICT (provider_id, capture_id) DO UPDATE SET status = excluded.status, amount = excluded.amount,
      failed_at = excluded.failed_at
    WHERE excluded.status > r.status`
  return stored > 0
}

/** Gives our own request its provider's id, with what was recorded of that id before it was known to be ours. */
async function nameRequest(tx: Queryable, key: string, providerId: string): Promise<void> {
  const [own] = await tx.$queryRaw<{ id: number; captureId: string }[]>`
    SELECT id, capture_id AS "captureId" FROM refunds
    WHERE key = ${key} AND provider_id IS NULL FOR UPDATE`
  if (!own) return
  const [seen] = await tx.$queryRaw<{ status: string }[]>`
    DELETE FROM refunds WHERE provider_id = ${providerId} AND capture_id = ${own.captureId}
    RETURNING status::text AS status`
  await tx.$executeRaw`
    UPDATE refunds SET provider_id = ${providerId}, status = ${seen?.status ?? 'requested'}::refund_status
    WHERE id = ${own.id}::int`
}

/** A payment that was never captured can be tried again. */
async function recordFailure(tx: Queryable, { paymentId }: ProviderCharge): Promise<boolean> {
  const failed = await tx.$executeRaw`
    UPDATE payments p SET status = 'failed' WHERE p.id = ${paymentId} AND p.status = 'pending'
      AND NOT EXISTS (SELECT FROM captures c WHERE c.payment_id = p.id)`
  return failed > 0
}
