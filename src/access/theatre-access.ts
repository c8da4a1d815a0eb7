import type { Database, Transaction } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import { isStaffOf, type Principal } from '../principal.js'

/** May this principal run the theatre: its staff, admins. */
export function canManageTheatre(principal: Principal, theatreId: number): boolean {
  return isStaffOf(principal, theatreId)
}

/**
 * Lets pass who may run the theatre. Throws `forbidden` for all others, whether or not there is such a theatre, and
 * `not_found` for an admin who asks for one that does not exist.
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
