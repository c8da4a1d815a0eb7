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
  const theatre = await db.theatre.findUnique({ where: { id: theatreId }, select: { id: true } })
  if (!theatre) throw notFound('theatre')
}

/** As `requireTheatre`, for what managers decide. */
export async function requireManager(
  db: Database | Transaction,
  principal: Principal,
  theatreId: number,
): Promise<void> {
  if (!canDecideForTheatre(principal, theatreId)) throw forbidden()
  await requireTheatre(db, principal, theatreId)
}
