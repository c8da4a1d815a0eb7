import { staffOrders } from '../access/order-access.js'
import { Prisma, type Transaction } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { cancelWithin } from '../orders/order-actions.js'
import { orderEvents } from '../orders/order-events.js'
import { changeOrders, type OrderRecord, readOrder } from '../orders/order-record.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { type OpenedIssue, settleOrder } from './settlement.js'

// What staff do to an order that concerns its money as well. Nothing here gives money back: managers decide that.

const NO_REFUND = { autoRefund: false }

/** An order, and the payment issues that the change has opened. */
export interface Changed {
  order: OrderRecord
  issues: OpenedIssue[]
}

/**
 * Cancels an order that is not delivered. If it was paid, its refund is due. Repeating is harmless. Throws `not_found` for
 * an order of another theatre, as for a missing one, and 409 `invalid_transition`.
 */
export function cancelOrder(ctx: ActionContext, principal: Principal, orderId: number): Promise<Changed> {
  const work = async (tx: Transaction): Promise<Outcome<Changed>> => {
    const { order: before, changed } = await cancelWithin(tx, principal, orderId)
    if (!changed) return { result: { order: before, issues: [] } }
    const { order, issues } = await settleOrder(tx, orderId, NO_REFUND)
    return { result: { order, issues }, events: orderEvents(['order.cancelled'], order) }
  }
  return commit(ctx, work, { queueKey: orderGroup(orderId) })
}

/**
 * Records the cash of a cash order that is not cancelled. Repeating is harmless. Throws `not_found` for an order of another
 * theatre, as for a missing one, and 409 `invalid_transition`.
 */
export function collectCash(ctx: ActionContext, principal: Principal, orderId: number): Promise<Changed> {
  const work = async (tx: Transaction): Promise<Outcome<Changed>> => {
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT o.id FROM orders o WHERE o.id = ${orderId}::int AND ${staffOrders(principal)} FOR NO KEY UPDATE`
    if (locked.length === 0) throw notFound('order')
    const before = await readOrder(tx, orderId)
    const isCash = before.paymentMethod === 'cash'
    if (isCash && before.paymentStatus !== 'pending') return { result: { order: before, issues: [] } }
    if (!isCash || before.status === 'cancelled') {
      throw conflict(
        'invalid_transition',
        'Cash can only be collected for cash orders that are not cancelled.',
      )
    }
    await tx.$executeRaw`
      INSERT INTO captures (id, order_id, kind, method, amount)
      SELECT 'cash_' || o.id, o.id, 'paying', 'cash', o.total FROM orders o WHERE o.id = ${orderId}::int`
    const { order, events, issues } = await settleOrder(tx, orderId, NO_REFUND)
    return { result: { order, issues }, events }
  }
  return commit(ctx, work, { queueKey: orderGroup(orderId) })
}

/** minutes for which the staff's last step can be taken back */
const UNDO_MINUTES = 10

interface Ended {
  isEnded: boolean
  /** what the staff changed it from; null: the service ended it, or nobody did */
  beforeEnd: string | null
  wasRestored: boolean
  isTooLate: boolean
  /** money of it has gone back, or is under way, since it was cancelled, or a manager has noted that it went back */
  isRefundBegun: boolean
}

/**
 * Takes back the staff's last delivery or cancellation, with the payment issue that it has opened. Repeating is harmless
 * and goes no step further back. Throws `not_found` for an order of another theatre, as for a missing one, and 409
 * `undo_too_late`, `refund_begun`, and `invalid_transition` when there is no such step.
 */
export function undoLastStep(ctx: ActionContext, principal: Principal, orderId: number): Promise<Changed> {
  const work = async (tx: Transaction): Promise<Outcome<Changed>> => {
    const ended = await lockEnded(tx, principal, orderId)
    if (!ended.isEnded && ended.wasRestored)
      return { result: { order: await readOrder(tx, orderId), issues: [] } }
    checkUndo(ended)
    await changeOrders(
      tx,
      Prisma.sql`
        UPDATE orders AS o SET status = o.before_end, delivered_at = NULL, cancelled_at = NULL,
          seen_at = CASE WHEN o.before_end = 'seen' THEN o.seen_at END,
          before_end = NULL, restored_at = clock_timestamp()
        WHERE o.id = ${orderId}::int`,
      // what was paid after the cancellation pays for the order: another cancellation makes its refund due
      Prisma.sql`
      , punctual AS (
        UPDATE captures SET late = false WHERE order_id = ${orderId}::int AND late AND kind = 'paying')`,
    )
    const { order, events, issues } = await settleOrder(tx, orderId, NO_REFUND)
    // what was due back no longer is, which is no refund
    const others = events.filter(({ name }) => name !== 'payment.refunded')
    return { result: { order, issues }, events: [...orderEvents(['order.restored'], order), ...others] }
  }
  return commit(ctx, work, { queueKey: orderGroup(orderId) })
}

async function lockEnded(tx: Transaction, principal: Principal, orderId: number): Promise<Ended> {
  const [ended] = await tx.$queryRaw<Ended[]>`
    SELECT o.status IN ('delivered', 'cancelled') AS "isEnded", o.before_end::text AS "beforeEnd",
      o.restored_at IS NOT NULL AS "wasRestored",
      coalesce(o.delivered_at, o.cancelled_at) < clock_timestamp() - make_interval(mins => ${UNDO_MINUTES}::int) AS "isTooLate",
      EXISTS (SELECT FROM refunds r JOIN captures c ON c.id = r.capture_id
        WHERE c.order_id = o.id AND r.status <> 'failed' AND r.created_at >= o.cancelled_at)
      OR EXISTS (SELECT FROM payment_issues i JOIN captures c ON c.id = i.subject
        WHERE c.order_id = o.id AND c.kind = 'paying' AND i.resolved_by IS NOT NULL) AS "isRefundBegun"
    FROM orders o WHERE o.id = ${orderId}::int AND ${staffOrders(principal)} FOR NO KEY UPDATE`
  if (!ended) throw notFound('order')
  return ended
}

function checkUndo({ isEnded, beforeEnd, isTooLate, isRefundBegun }: Ended): void {
  if (!isEnded) throw conflict('invalid_transition', 'The order is neither delivered nor cancelled.')
  if (beforeEnd === null)
    throw conflict('invalid_transition', 'The service cancelled this order, not the staff.')
  if (isTooLate) throw conflict('undo_too_late', `A step can be undone for ${UNDO_MINUTES} minutes.`)
  if (isRefundBegun) throw conflict('refund_begun', 'Money of this order is on its way back.')
}
