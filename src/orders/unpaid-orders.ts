import { rawClientOf } from '../database/client.js'
import { type ActionContext, commitRaw } from '../events/commit.js'
import { orderEvents } from './order-events.js'
import { readOrder } from './order-record.js'

const BATCH = 100

/**
 * Cancels unpaid online orders older than `minutes`, by the database's clock, in one transaction each; returns how
 * many. Skips an order whose row is locked (its payment may be arriving) until the next run. An error with one order
 * does not stop the others: the first is thrown at the end.
 */
export async function cancelUnpaidOrders(ctx: ActionContext, minutes: number): Promise<number> {
  let cancelled = 0
  const errors: unknown[] = []
  for (let after = 0; ; ) {
    const unpaid = await rawClientOf(ctx.db).$queryRaw<{ id: number }[]>`
      SELECT o.id FROM orders o
      WHERE o.status = 'placed' AND o.payment_method = 'online'
        AND o.created_at < now() - make_interval(mins => ${minutes}::int) AND o.id > ${after}::int
      ORDER BY o.id LIMIT ${BATCH}::int`
    for (const { id } of unpaid) {
      const done = await cancelUnpaid(ctx, id).catch((error: unknown) => {
        errors.push(error)
        return false
      })
      if (done) cancelled++
    }
    const last = unpaid.at(-1)
    if (!last || unpaid.length < BATCH) break
    after = last.id
  }
  if (errors.length > 0) throw errors[0]
  return cancelled
}

function cancelUnpaid(ctx: ActionContext, orderId: number): Promise<boolean> {
  return commitRaw(ctx, async (tx) => {
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT id FROM orders WHERE id = ${orderId}::int AND status = 'placed' FOR NO KEY UPDATE SKIP LOCKED`
    if (locked.length === 0) return { result: false }
    await tx.$executeRaw`
      UPDATE orders SET status = 'cancelled', cancelled_at = clock_timestamp() WHERE id = ${orderId}::int`
    const order = await readOrder(tx, orderId)
    return { result: true, events: orderEvents(['order.cancelled'], order) }
  })
}
