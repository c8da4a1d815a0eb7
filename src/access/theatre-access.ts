import type { Database, Transaction } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import type { Principal } from '../principal.js'

/** Its staff and admins may run a theatre. */
export function isTheatreStaff(principal: Principal, theatreId: number): boolean {
  if (principal.role === 'admin') return true
  return principal.role === 'staff' && principal.theatres.some((theatre) => theatre.id === theatreId)
}

/** Managers of a theatre and admins decide on its money, menu and people. */
export function isTheatreManager(principal: Principal, theatreId: number): boolean {
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
export function requireManager(principal: Principal, theatreId: number | null, what: string): void {
  if (theatreId === null || !isTheatreStaff(principal, theatreId)) throw notFound(what)
  if (!isTheatreManager(principal, theatreId)) throw forbidden()
}

/** `isTheatreStaff` as a Prisma filter on rows with a `theatreId`. */
export function staffTheatres({ role, theatres }: Principal): { theatreId?: { in: number[] } } {
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
  if (!isTheatreStaff(principal, theatreId)) throw forbidden()
  await requireExisting(db, theatreId)
}

/** The same for what only its managers and admins may do (`isTheatreManager`). */
export async function requireManagedTheatre(
  db: Database | Transaction,
  principal: Principal,
  theatreId: number,
): Promise<void> {
  if (!isTheatreManager(principal, theatreId)) throw forbidden()
  await requireExisting(db, theatreId)
}

async function requireExisting(db: Database | Transaction, theatreId: number): Promise<void> {
  const theatre = await db.theatre.findUnique({ where: { id: theatreId }, select: { id: true } })
  if (!theatre) throw notFound('theatre')
}
