import { type Database, Prisma } from '../database/client.js'
import { invalid, notFound } from '../errors.js'
import type { Principal } from '../principal.js'
import type { IssueKind } from './order-money.js'

export interface IssueRecord {
  id: number
  kind: IssueKind
  orderId: number | null
  /** the capture's id, or the refund's */
  subject: string
  /** paise */
  amount: number
  at: Date
  note: string | null
  resolvedAt: Date | null
}

const MAX_NOTE = 500
/** resolved issues in the list, the latest first */
const RESOLVED_SHOWN = 50

/** The issues of theatres that the principal manages; those without an order are for admins. */
function managedIssues({ role, theatres }: Principal): Prisma.Sql {
  if (role === 'admin') return Prisma.sql`true`
  const ids = role === 'staff' ? theatres.filter(({ manager }) => manager).map(({ id }) => id) : []
  return Prisma.sql`o.theatre_id = ANY(${ids}::int[])`
}

const columns = Prisma.sql`i.id, i.kind::text AS kind, i.order_id AS "orderId", i.subject,
  i.amount::float8 AS amount, i.at, i.note, i.resolved_at AS "resolvedAt"`

/** Open issues, the oldest first, then the latest resolved ones. */
export async function listIssues(db: Database, principal: Principal): Promise<IssueRecord[]> {
  const where = managedIssues(principal)
  return await db.$queryRaw<IssueRecord[]>`
    (SELECT ${columns} FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id
      WHERE i.resolved_at IS NULL AND ${where} ORDER BY i.at, i.id)
    UNION ALL
    (SELECT ${columns} FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id
      WHERE i.resolved_at IS NOT NULL AND ${where} ORDER BY i.resolved_at DESC, i.id DESC LIMIT ${RESOLVED_SHOWN}::int)`
}

/**
 * Closes an issue with a note of what was done. Repeating is harmless; a resolved issue keeps its note. Throws
 * `validation_failed`, and `not_found` for an issue of another theatre, as for a missing one.
 */
export async function resolveIssue(
  db: Database,
  principal: Principal,
  id: number,
  text: string,
): Promise<IssueRecord> {
  const note = text.trim()
  if (note === '' || note.length > MAX_NOTE) throw invalid('note', `must have 1 to ${MAX_NOTE} characters`)
  const where = Prisma.sql`i.id = ${id}::int AND ${managedIssues(principal)}`
  await db.$executeRaw`
    UPDATE payment_issues SET note = ${note}, resolved_at = now(), resolved_by = ${principal.userId}::int
    WHERE resolved_at IS NULL AND id IN (
      SELECT i.id FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id WHERE ${where})`
  const [issue] = await db.$queryRaw<IssueRecord[]>`
    SELECT ${columns} FROM payment_issues i LEFT JOIN orders o ON o.id = i.order_id WHERE ${where}`
  if (!issue) throw notFound('payment issue')
  return issue
}
