import { ownOrders, visibleOrders } from '../access/order-access.js'
import { requireTheatre } from '../access/theatre-access.js'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { readHeads } from '../events/event-log.js'
import type { Principal } from '../principal.js'
import { theatreOrders } from '../protocol/groups.js'
import { liveOrders, type OrderRecord, readOrders } from './order-record.js'

const RECENT = 20

/** An order that the principal may see. Throws `not_found` for any other, as for a missing one. */
export async function findOrder(
  db: Database | Transaction,
  principal: Principal,
  orderId: number,
): Promise<OrderRecord> {
  const [order] = await readOrders(db, Prisma.sql`o.id = ${orderId}::int AND ${visibleOrders(principal)}`)
  if (!order) throw notFound('order')
  return order
}

/** The principal's own orders, newest first, at most 20. */
export function listOwnOrders(db: Database, principal: Principal): Promise<OrderRecord[]> {
  return readOrders(db, ownOrders(principal), Prisma.sql`ORDER BY o.id DESC LIMIT ${RECENT}::int`)
}

/** The theatres' live orders (placed, confirmed or seen), oldest first. */
export function listLiveOrders(db: Queryable, theatreIds: readonly number[]): Promise<OrderRecord[]> {
  return readOrders(db, Prisma.sql`o.theatre_id = ANY(${[...theatreIds]}::int[]) AND ${liveOrders}`)
}

/** minutes */
const ENDED_SHOWN = 10

const endedAt = Prisma.sql`coalesce(o.delivered_at, o.cancelled_at)`

/** Those that ended in the last ten minutes, and at least the last 20; newest first. */
function listEndedOrders(db: Transaction, theatreId: number): Promise<OrderRecord[]> {
  const ended = Prisma.sql`o.theatre_id = ${theatreId}::int AND o.status IN ('delivered', 'cancelled')`
  return readOrders(
    db,
    Prisma.sql`${ended} AND ${endedAt} >= least(now() - make_interval(mins => ${ENDED_SHOWN}::int), (
      SELECT min(l.at) FROM (SELECT ${endedAt} AS at FROM orders o WHERE ${ended} ORDER BY 1 DESC LIMIT ${RECENT}::int) l))`,
    Prisma.sql`ORDER BY ${endedAt} DESC, o.id DESC`,
  )
}

/** Those whose cash has not been collected, and those with money that must be looked at or given back; oldest first. */
function listOwedOrders(db: Transaction, theatreId: number): Promise<OrderRecord[]> {
  return readOrders(
    db,
    Prisma.sql`o.theatre_id = ${theatreId}::int AND o.id IN (
      SELECT c.id FROM orders c WHERE c.theatre_id = ${theatreId}::int
        AND c.payment_method = 'cash' AND c.payment_status = 'pending' AND c.status <> 'cancelled'
      UNION SELECT i.order_id FROM payment_issues i WHERE i.resolved_at IS NULL)`,
  )
}

const LISTS = {
  live: (db: Transaction, theatreId: number) => listLiveOrders(db, [theatreId]),
  ended: listEndedOrders,
  owed: listOwedOrders,
}

/**
 * A theatre's live orders (or those that ended, or that owe or are owed money) and the position of its group, from one
 * database snapshot: a client that subscribes from `cursor` misses nothing. Throws as `requireTheatre` does.
 */
export async function listTheatreOrders(
  db: Database,
  principal: Principal,
  theatreId: number,
  which: keyof typeof LISTS = 'live',
): Promise<{ orders: OrderRecord[]; cursor: number }> {
  return await db.$transaction(
    async (tx) => {
      await requireTheatre(tx, principal, theatreId)
      const group = theatreOrders(theatreId)
      const { seqs } = await readHeads(tx, [group])
      const orders = await LISTS[which](tx, theatreId)
      return { orders, cursor: seqs.get(group) ?? 0 }
    },
    { isolationLevel: 'RepeatableRead' },
  )
}
