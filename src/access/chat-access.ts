import type { Prisma } from '../database/client.js'
import type { Principal } from '../principal.js'
import { managedOrders, visibleOrders } from './order-access.js'

// A conversation belongs to one order, so its rights are the order's; asked again at each message.

/** May read and write: a condition on the conversation's order `o`. */
export function visibleChats(principal: Principal): Prisma.Sql {
  return visibleOrders(principal)
}

/** May answer for the theatre and mark as read: a condition on the conversation's order `o`. */
export function managedChats(principal: Principal): Prisma.Sql {
  return managedOrders(principal)
}
