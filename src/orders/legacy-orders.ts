import { managedOrders } from '../access/order-access.js'
import { type Database, Prisma } from '../database/client.js'
import { notFound } from '../errors.js'
import type { Principal } from '../principal.js'
import { markSeen } from './order-actions.js'
import type { OrderContext } from './order-events.js'
import { liveOrders, type OrderRecord, readOrders } from './order-record.js'

/** The live orders of all the theatres that the principal runs, oldest first. */
export function listManagedOrders(db: Database, principal: Principal): Promise<OrderRecord[]> {
  return readOrders(db, Prisma.sql`${managedOrders(principal)} AND ${liveOrders}`)
}

/**
 * Marks the seat's latest confirmed order as seen. That there is none but one that was seen already is no error.
 * Throws `not_found` for a seat without either, another theatre's included.
 */
export async function markSeatSeen(ctx: OrderContext, principal: Principal, seatId: number): Promise<void> {
  const [order] = await ctx.db.$queryRaw<{ id: number }[]>`
    SELECT o.id FROM orders o
    WHERE o.seat_id = ${seatId}::int AND ${managedOrders(principal)} AND o.status IN ('confirmed', 'seen')
    ORDER BY o.status, o.id DESC LIMIT 1`
  if (!order) throw notFound('order to be seen at this seat')
  await markSeen(ctx, principal, order.id)
}
