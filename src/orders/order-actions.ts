import { managedOrders } from '../access/order-access.js'
import { Prisma, type Transaction } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { type OrderEventName, orderEvents } from './order-events.js'
import { type OrderRecord, readOrder, readOrders } from './order-record.js'

/** One step of the state machine: from where it leads, what it changes, how to know that it was taken. */
interface Step {
  event: OrderEventName
  /** condition on the row `o` of `orders` */
  from: Prisma.Sql
  set: Prisma.Sql
  isDone(order: OrderRecord): boolean
  refusal: string
}

const SEEN: Step = {
  event: 'order.seen',
  from: Prisma.sql`o.status = 'confirmed'`,
  set: Prisma.sql`status = 'seen', seen_at = clock_timestamp()`,
  isDone: ({ status }) => status === 'seen',
  refusal: 'Only a confirmed order can be marked as seen.',
}

const DELIVER: Step = {
  event: 'order.delivered',
  from: Prisma.sql`o.status IN ('confirmed', 'seen')`,
  set: Prisma.sql`status = 'delivered', seen_at = coalesce(o.seen_at, clock_timestamp()),
    delivered_at = clock_timestamp()`,
  isDone: ({ status }) => status === 'delivered',
  refusal: 'Only a confirmed or seen order can be delivered.',
}

const CANCEL: Step = {
  event: 'order.cancelled',
  from: Prisma.sql`o.status IN ('placed', 'confirmed', 'seen')`,
  set: Prisma.sql`status = 'cancelled', cancelled_at = clock_timestamp()`,
  isDone: ({ status }) => status === 'cancelled',
  refusal: 'A delivered order can’t be cancelled.',
}

const COLLECT_CASH: Step = {
  event: 'payment.paid',
  from: Prisma.sql`o.payment_method = 'cash' AND o.payment_status = 'pending' AND o.status <> 'cancelled'`,
  set: Prisma.sql`payment_status = 'paid'`,
  isDone: ({ paymentMethod, paymentStatus }) => paymentMethod === 'cash' && paymentStatus === 'paid',
  refusal: 'Cash is collected for cash orders that are not cancelled.',
}

/**
 * Takes a step, or none if it was taken before; answers with the order as it then is. Throws `not_found` for an
 * order of another theatre, as for none, and 409 `invalid_transition`.
 */
async function take(
  ctx: ActionContext,
  principal: Principal,
  orderId: number,
  step: Step,
): Promise<OrderRecord> {
  const mine = managedOrders(principal)
  const work = async (tx: Transaction): Promise<Outcome<OrderRecord>> => {
    const moved = await tx.$queryRaw<unknown[]>`
      UPDATE orders AS o SET ${step.set} WHERE o.id = ${orderId}::int AND ${mine} AND ${step.from} RETURNING o.id`
    if (moved.length === 0) return { result: await readDone(tx, mine, orderId, step) }
    const order = await readOrder(tx, orderId)
    return { result: order, events: orderEvents([step.event], order) }
  }
  return await commit(ctx, work, { queueKey: orderGroup(orderId) })
}

async function readDone(
  tx: Transaction,
  mine: Prisma.Sql,
  orderId: number,
  step: Step,
): Promise<OrderRecord> {
  const [order] = await readOrders(tx, Prisma.sql`o.id = ${orderId}::int AND ${mine}`)
  if (!order) throw notFound('order')
  if (!step.isDone(order)) throw conflict('invalid_transition', step.refusal)
  return order
}

type Action = (ctx: ActionContext, principal: Principal, orderId: number) => Promise<OrderRecord>

/** confirmed → seen. Errors as `take`. */
export const markSeen: Action = (ctx, principal, orderId) => take(ctx, principal, orderId, SEEN)

/** confirmed or seen → delivered. Errors as `take`. */
export const deliverOrder: Action = (ctx, principal, orderId) => take(ctx, principal, orderId, DELIVER)

/** placed, confirmed or seen → cancelled. Errors as `take`. */
export const cancelOrder: Action = (ctx, principal, orderId) => take(ctx, principal, orderId, CANCEL)

/** The cash of a cash order that is not cancelled: pending → paid. Errors as `take`. */
export const collectCash: Action = (ctx, principal, orderId) => take(ctx, principal, orderId, COLLECT_CASH)
