import { staffOrders } from '../access/order-access.js'
import { Prisma, type Queryable } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commitRaw, type Outcome } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { type OrderEventName, orderEvents } from './order-events.js'
import { changeOrders, type OrderRecord, readOrders } from './order-record.js'

/** One transition of the order's state machine. */
interface Transition {
  event: OrderEventName
  /** condition on the row `o` of `orders` */
  from: Prisma.Sql
  set: Prisma.Sql
  /** The order is already in the target state: repeating the transition succeeds without an event. */
  isDone(order: OrderRecord): boolean
  refusal: string
}

const SEEN: Transition = {
  event: 'order.seen',
  from: Prisma.sql`o.status = 'confirmed'`,
  set: Prisma.sql`status = 'seen', seen_at = clock_timestamp()`,
  isDone: ({ status }) => status === 'seen',
  refusal: 'Only a confirmed order can be marked as seen.',
}

const DELIVER: Transition = {
  event: 'order.delivered',
  from: Prisma.sql`o.status IN ('confirmed', 'seen')`,
  set: Prisma.sql`status = 'delivered', seen_at = coalesce(o.seen_at, clock_timestamp()),
    delivered_at = clock_timestamp(), before_end = o.status`,
  isDone: ({ status }) => status === 'delivered',
  refusal: 'Only a confirmed or seen order can be delivered.',
}

const CANCEL: Transition = {
  event: 'order.cancelled',
  from: Prisma.sql`o.status IN ('placed', 'confirmed', 'seen')`,
  set: Prisma.sql`status = 'cancelled', cancelled_at = clock_timestamp(), before_end = o.status`,
  isDone: ({ status }) => status === 'cancelled',
  refusal: 'A delivered order can’t be cancelled.',
}

/**
 * Applies a transition, unless it was applied before, and returns the resulting order. Throws `not_found` for an
 * order of another theatre, as for a missing one, and 409 `invalid_transition`.
 */
async function apply(
  ctx: ActionContext,
  principal: Principal,
  orderId: number,
  transition: Transition,
): Promise<OrderRecord> {
  const work = async (tx: Queryable): Promise<Outcome<OrderRecord>> => {
    const { order, changed } = await applyWithin(tx, principal, orderId, transition)
    return { result: order, events: changed ? orderEvents([transition.event], order) : [] }
  }
  return await commitRaw(ctx, work, { queueKey: orderGroup(orderId) })
}

interface Applied {
  order: OrderRecord
  /** false: the order was in the target state before */
  changed: boolean
}

async function applyWithin(
  tx: Queryable,
  principal: Principal,
  orderId: number,
  transition: Transition,
): Promise<Applied> {
  const { from, set } = transition
  const managed = staffOrders(principal)
  const [order] = await changeOrders(
    tx,
    Prisma.sql`UPDATE orders AS o SET ${set} WHERE o.id = ${orderId}::int AND ${managed} AND ${from}`,
  )
  if (order) return { order, changed: true }
  return { order: await readDone(tx, managed, orderId, transition), changed: false }
}

async function readDone(
  tx: Queryable,
  managed: Prisma.Sql,
  orderId: number,
  { isDone, refusal }: Transition,
): Promise<OrderRecord> {
  const [order] = await readOrders(tx, Prisma.sql`o.id = ${orderId}::int AND ${managed}`)
  if (!order) throw notFound('order')
  if (!isDone(order)) throw conflict('invalid_transition', refusal)
  return order
}

type Action = (ctx: ActionContext, principal: Principal, orderId: number) => Promise<OrderRecord>

/** confirmed → seen. Throws as `apply`. */
export const markSeen: Action = (ctx, principal, orderId) => apply(ctx, principal, orderId, SEEN)

/** confirmed or seen → delivered. Throws as `apply`. */
export const deliverOrder: Action = (ctx, principal, orderId) => apply(ctx, principal, orderId, DELIVER)

/**
 * placed, confirmed or seen → cancelled, within the caller's transaction, which keeps the row locked. The caller adds
 * what becomes of its money, and the event. Throws as `apply`.
 */
export const cancelWithin = (tx: Queryable, principal: Principal, orderId: number): Promise<Applied> =>
  applyWithin(tx, principal, orderId, CANCEL)
