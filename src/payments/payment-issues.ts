import { type Database, Prisma, type Transaction } from '../database/client.js'
import { forbidden, invalid, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { Principal } from '../principal.js'
import type { IssueKind } from './order-money.js'
import { NO_CHANGE, settleOrder } from './settlement.js'

export interface IssueRecord {
  id: number
  kind: IssueKind
  orderId: number | null
  /** the provider's order id; null for cash, and for a charge without an order */
  paymentId: string | null
  /** the provider's id of the charge */
  chargeId: string
  /** paise */
  amount: number
  at: Date
  note: string | null
  resolvedAt: Date | null
}

const MAX_NOTE = 500
/** resolved issues in the list, the latest first */
const RESOLVED_SHOWN = 50

/**
 * The issues of theatres that the principal manages, as a condition on `i` and its order `o`; those without an order are for
 * admins. Throws `forbidden` for staff who manage no theatre.
 */
function managedIssues({ role, theatres }: Principal): Prisma.Sql {
  if (role === 'admin') return Prisma.sql`true`
  const ids = role === 'staff' ? theatres.filter(({ manager }) => manager).map(({ id }) => id) : []
  if (ids.length === 0) throw forbidden()
  return Prisma.sql`o.theatre_id = ANY(${ids}::int[])`
}

function readIssues(db: Database | Transaction, where: Prisma.Sql, tail: Prisma.Sql): Promise<IssueRecord[]> {
  return db.$queryRaw<IssueRecord[]>`
    SELECT i.id, i.kind::text AS kind, i.order_id AS "orderId", c.payment_id AS "paymentId", split_part(i.capture_id, ' ', 1) AS "chargeId",
      i.amount::float8 AS amount, i.at, i.note, i.resolved_at AS "resolvedAt"
    FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id LEFT JOIN captures c ON c.id = i.capture_id
    WHERE ${where} ${tail}`
}

/** Open issues, the oldest first, then the latest resolved ones. Throws as `managedIssues` does. */
export async function listIssues(db: Database, principal: Principal): Promise<IssueRecord[]> {
  const managed = managedIssues(principal)
  const open = await readIssues(
    db,
    Prisma.sql`i.resolved_at IS NULL AND ${managed}`,
    Prisma.sql`ORDER BY i.at, i.id`,
  )
  const resolved = await readIssues(
    db,
    Prisma.sql`i.resolved_at IS NOT NULL AND ${managed}`,
    Prisma.sql`ORDER BY i.resolved_at DESC, i.id DESC LIMIT ${RESOLVED_SHOWN}::int`,
  )
  return [...open, ...resolved]
}

/**
 * Closes an issue with a note of what was done: its money is then due back no more. Repeating is harmless; a resolved issue
 * keeps its note. Throws `validation_failed`, `forbidden` for staff who manage no theatre, and `not_found` for an issue of
 * another theatre, as for a missing one.
 */
export async function resolveIssue(
  ctx: ActionContext,
  principal: Principal,
  id: number,
  text: string,
): Promise<IssueRecord> {
  const note = text.trim()
  if (note === '' || note.length > MAX_NOTE) throw invalid('note', `must have 1 to ${MAX_NOTE} characters`)
  const where = Prisma.sql`i.id = ${id}::int AND ${managedIssues(principal)}`
  return await commit(ctx, async (tx): Promise<Outcome<IssueRecord>> => {
    const orderId = await lockOrderOf(tx, where)
    const changed = await tx.$executeRaw`
      UPDATE payment_issues SET note = ${note}, resolved_at = now(), resolved_by = ${principal.userId}::int
      WHERE id = ${id}::int AND resolved_at IS NULL`
    const { events } = changed > 0 && orderId !== null ? await settleOrder(tx, orderId, NO_REFUND) : NO_CHANGE
    const [issue] = await readIssues(tx, Prisma.sql`i.id = ${id}::int`, Prisma.empty)
    if (!issue) throw notFound('payment issue')
    return { result: issue, events }
  })
}

/** A note is not a reason to send money. */
const NO_REFUND = { autoRefund: false }

/** Locks the order of the issue that matches, and returns its id; null: it has none. Throws `not_found`. */
async function lockOrderOf(tx: Transaction, where: Prisma.Sql): Promise<number | null> {
  const [issue] = await tx.$queryRaw<{ orderId: number | null }[]>`
    SELECT i.order_id AS "orderId" FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id WHERE ${where}`
  if (!issue) throw notFound('payment issue')
  if (issue.orderId !== null) {
    await tx.$executeRaw`SELECT FROM orders WHERE id = ${issue.orderId}::int FOR NO KEY UPDATE`
  }
  return issue.orderId
}
