import { managedOrders } from '../access/order-access.js'
import type { Transaction } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { cancelWithin } from '../orders/order-actions.js'
import { orderEvents } from '../orders/order-events.js'
import { type OrderRecord, readOrder } from '../orders/order-record.js'
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
      SELECT o.id FROM orders o WHERE o.id = ${orderId}::int AND ${managedOrders(principal)} FOR NO KEY UPDATE`
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
