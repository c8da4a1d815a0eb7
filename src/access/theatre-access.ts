import type { Database, Transaction } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import type { Principal } from '../principal.js'

/** Its staff and admins may run a theatre. */
export function canManageTheatre(principal: Principal, theatreId: number): boolean {
  if (principal.role === 'admin') return true
  return principal.role === 'staff' && principal.theatres.some((theatre) => theatre.id === theatreId)
}

/** Managers of a theatre and admins decide on its money, menu and people. */
export function canDecideForTheatre(principal: Principal, theatreId: number): boolean {
  if (principal.role === 'admin') return true
  return (
    principal.role === 'staff' &&
    principal.theatres.some((theatre) => theatre.id === theatreId && theatre.manager)
  )
}

/**
 * The theatre of a row that only its managers and admins may change, or `null` if there is no such row. Throws `not_found`
 * to those who may not run the theatre, as for a missing row, and `forbidden` to its plain staff.
 */
export function requireDecision(principal: Principal, theatreId: number | null, what: string): void {
  if (theatreId === null || !canManageTheatre(principal, theatreId)) throw notFound(what)
  if (!canDecideForTheatre(principal, theatreId)) throw forbidden()
}

/** `canManageTheatre` as a Prisma filter on rows with a `theatreId`. */
export function managedTheatres({ role, theatres }: Principal): { theatreId?: { in: number[] } } {
  if (role === 'admin') return {}
  return { theatreId: { in: role === 'staff' ? theatres.map(({ id }) => id) : [] } }
}

/**
 * Throws `forbidden` unless the principal may run the theatre, whether or not it exists, and `not_found` when an admin
 * names one that does not exist.
 */
export async function requireTheatre(
  db: Database | Transaction,
  principal: Principal,
  theatreId: number,
): Promise<void> {
  if (!canManageTheatre(principal, theatreId)) throw forbidden()
  await requireExisting(db, theatreId)
}

/** The same for what only its managers and admins may do (`canDecideForTheatre`). */
export async function requireManagedTheatre(
  db: Database | Transaction,
  principal: Principal,
  theatreId: number,
): Promise<void> {
  if (!canDecideForTheatre(principal, theatreId)) throw forbidden()
  await requireExisting(db, theatreId)
}

async function requireExisting(db: Database | Transaction, theatreId: number): Promise<void> {
  const theatre = await db.theatre.findUnique({ where: { id: theatreId }, select: { id: true } })
  if (!theatre) throw notFound('theatre')
}
