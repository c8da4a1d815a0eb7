import { Prisma } from '../database/client.js'
import type { Principal } from '../principal.js'
import { isTheatreStaff } from './theatre-access.js'

/** Who placed an order, and for which theatre; neither ever changes. */
export interface OrderOwner {
  customerId: number
  theatreId: number
}

/** An order is visible to its owner, the staff of its theatre and admins. */
export function canSeeOrder(principal: Principal, order: OrderOwner): boolean {
  return order.customerId === principal.userId || isTheatreStaff(principal, order.theatreId)
}

// The rule is part of the query, so that someone else's order and a missing one take the same path and the same time.
// A conversation belongs to one order, so these are its rights as well.

/** `canSeeOrder` as a condition on the row `o` of `orders`. */
export function visibleOrders(principal: Principal): Prisma.Sql {
  return Prisma.sql`(o.customer_id = ${principal.userId}::int OR ${staffOrders(principal)})`
}

/** The row `o` of `orders` belongs to a theatre that the principal may run. */
export function staffOrders(principal: Principal): Prisma.Sql {
  switch (principal.role) {
    case 'admin':
      return Prisma.sql`true`
    case 'staff':
      return Prisma.sql`o.theatre_id = ANY(${principal.theatres.map(({ id }) => id)}::int[])`
    case 'customer':
      return Prisma.sql`false`
  }
}

/** The principal placed the order in row `o` of `orders`: only its owner may pay for it. */
export function ownOrders(principal: Principal): Prisma.Sql {
  return Prisma.sql`o.customer_id = ${principal.userId}::int`
}
