import { ownOrders } from '../access/order-access.js'
import { type Database, Prisma, type Transaction } from '../database/client.js'
import { conflict, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { orderEvents } from '../orders/order-events.js'
import { type OrderRecord, readOrder, readOrders } from '../orders/order-record.js'
import type { Principal } from '../principal.js'
import { orderGroup } from '../protocol/groups.js'
import { adoptCaptures, lockPaymentId } from './early-captures.js'
import { findPending, type PaymentRecord, paymentFields } from './payment-queries.js'
import type { PaymentProvider } from './provider.js'
import type { RefundTools } from './refund-requests.js'
import type { LedgerSettings, OpenedIssue } from './settlement.js'

/** What a charge needs that was reported before its payment was stored. */
export type EarlyCharges = Pick<RefundTools, 'settings' | 'onIssue'>

const NO_REFUND: EarlyCharges = { settings: { autoRefund: false }, onIssue: () => {} }

/**
 * Returns the pending payment of the principal's own order, or starts one; concurrent calls get the same payment.
 * Throws `not_found` for someone else's order, as for a missing one; 409 `already_paid`, `order_cancelled`,
 * `cash_order`; and 503 when the provider does not answer.
 */
export async function startPayment(
  ctx: ActionContext,
  provider: PaymentProvider,
  principal: Principal,
  orderId: number,
  early = NO_REFUND,
): Promise<PaymentRecord> {
  const [order] = await readOrders(ctx.db, Prisma.sql`o.id = ${orderId}::int AND ${ownOrders(principal)}`)
  if (!order) throw notFound('order')
  checkPayable(order)
  await checkReviewed(ctx.db, orderId)
  const pending = await findPending(ctx.db, orderId)
  if (pending) return pending
  // outside the transaction: no lock may depend on an external server
  const { id } = await provider.createOrder({ orderId, amount: order.total })
  const stored = { id, orderId, provider: provider.name, amount: order.total }
  const { payment, issues } = await storePayment(ctx, stored, early.settings)
  for (const issue of issues) early.onIssue(issue)
  return payment
}

/** ms after which the provider is asked about a payment: its webhook may have been lost */
const FIRST_CHECK_MS = 15 * 60_000

/** While a captured amount is under review, another payment could charge the customer twice. */
async function checkReviewed(db: Database | Transaction, orderId: number): Promise<void> {
  const where = { orderId, kind: 'amount_mismatch', resolvedAt: null } as const
  if ((await db.paymentIssue.count({ where })) === 0) return
  throw conflict('payment_under_review', 'A payment of this order is being checked: ask the staff.')
}

function checkPayable({ status, paymentMethod, paymentStatus }: OrderRecord): void {
  if (paymentStatus === 'paid' || paymentStatus === 'partially_refunded' || paymentStatus === 'refunded') {
    throw conflict('already_paid', 'The order has already been paid.')
  }
  if (status === 'cancelled') throw conflict('order_cancelled', 'The order was cancelled: order again.')
  if (paymentMethod === 'cash') throw conflict('cash_order', 'The order is paid in cash at the seat.')
}

interface Stored {
  payment: PaymentRecord
  issues: OpenedIssue[]
}

/**
 * Checks the order again, which may have changed during the provider's call. If another payment was stored meanwhile,
 * that one is returned; ours stays unused at the provider. The provider may have reported a charge of it already.
 */
function storePayment(
  ctx: ActionContext,
  given: Omit<PaymentRecord, 'status'>,
  settings: LedgerSettings,
): Promise<Stored> {
  const { orderId } = given
  const work = async (tx: Transaction): Promise<Outcome<Stored>> => {
    // before the order, as the ledger does
    await tx.$queryRaw`SELECT ${lockPaymentId(given.id)}`
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${orderId}::int FOR NO KEY UPDATE`
    checkPayable(await readOrder(tx, orderId))
    await checkReviewed(tx, orderId)
    const pending = await findPending(tx, orderId)
    if (pending) return { result: { payment: pending, issues: [] } }
    const checkAt = new Date(Date.now() + FIRST_CHECK_MS)
    const payment = await tx.payment.create({ data: { ...given, checkAt }, select: paymentFields })
    await tx.order.update({
      where: { id: orderId },
      data: { paymentStatus: 'pending' },
      select: { id: true },
    })
    const pendingEvents = orderEvents(['payment.pending'], await readOrder(tx, orderId))
    const { changed, events, issues } = await adoptCaptures(tx, given.id, orderId, settings)
    if (!changed) return { result: { payment, issues }, events: pendingEvents }
    const now = await tx.payment.findUniqueOrThrow({ where: { id: given.id }, select: paymentFields })
    return { result: { payment: now, issues }, events: [...pendingEvents, ...events] }
  }
  return commit(ctx, work, { queueKey: orderGroup(orderId) })
}

/**
 * Changes the principal's own unpaid order to cash, which confirms it. Repeating is harmless. Throws `not_found` for
 * someone else's order, as for a missing one; 409 `already_paid`, `order_cancelled`, and `payment_under_review` when a
 * payment of it was captured.
 */
export function payInCash(ctx: ActionContext, principal: Principal, orderId: number): Promise<OrderRecord> {
  const work = async (tx: Transaction): Promise<Outcome<OrderRecord>> => {
    const [locked] = await tx.$queryRaw<unknown[]>`
      SELECT o.id FROM orders o
      WHERE o.id = ${orderId}::int AND ${ownOrders(principal)} FOR NO KEY UPDATE`
    if (!locked) throw notFound('order')
    const before = await readOrder(tx, orderId)
    if (before.paymentMethod === 'cash' && before.status !== 'cancelled') return { result: before }
    checkPayable(before)
    await checkReviewed(tx, orderId)
    if ((await tx.capture.count({ where: { orderId } })) > 0)
      throw conflict('payment_under_review', 'A payment of this order is being checked.')
    await tx.$executeRaw`
      UPDATE orders SET payment_method = 'cash', payment_status = 'pending',
        status = 'confirmed', confirmed_at = clock_timestamp()
      WHERE id = ${orderId}::int AND status = 'placed'`
    const order = await readOrder(tx, orderId)
    return { result: order, events: orderEvents(['order.confirmed'], order) }
  }
  return commit(ctx, work, { queueKey: orderGroup(orderId) })
}
