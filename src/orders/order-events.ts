import type { Transaction } from '../database/client.js'
import type { ActionContext } from '../live/commit.js'
import type { NewEvent } from '../live/event-log.js'
import { orderGroup, theatreOrders } from '../live/groups.js'
import type { EventName, OrderStatus } from '../live/protocol.js'
import { viewLegacyFrame } from './legacy-view.js'
import { isLive, type OrderRecord } from './order-record.js'
import { viewOrder } from './order-view.js'

/** What the actions on orders need. */
export interface OrderContext extends ActionContext {
  /** who takes payments here: what the legacy wire calls the payment method before an order's first payment */
  readonly providerName?: string
}

export type OrderEventName = Exclude<EventName, `chat.${string}`>

/**
 * The events of one change, each to the theatre's and to the order's group. `order` is read in the change's own
 * transaction after the change; `vacant` says whether its seat has no running order any more.
 */
export function orderEvents(
  ctx: OrderContext,
  names: readonly OrderEventName[],
  order: OrderRecord,
  vacant: boolean,
): NewEvent[] {
  const data = viewOrder(order)
  return names.flatMap((name) => {
    const legacy = viewLegacyFrame(name, order, vacant, ctx.providerName)
    return [theatreOrders(order.theatreId), orderGroup(order.id)].map((group) => ({
      group,
      name,
      data,
      legacy,
    }))
  })
}

/** Makes changes of one seat's orders wait for each other. After the order's lock, before the payment's. */
export async function lockSeat(tx: Transaction, seatId: number): Promise<void> {
  await tx.$queryRaw`SELECT id FROM seats WHERE id = ${seatId}::int FOR NO KEY UPDATE`
}

/**
 * Has the seat no running order any more? The caller holds the row of an order of the seat, which is in `status`.
 * When two orders of a seat end at once, the later to commit must see the other one's end, and a new order must not
 * be overtaken by a word of an empty seat: hence the seat's lock, and the question in a statement after it.
 */
export async function isSeatVacant(tx: Transaction, seatId: number, status: OrderStatus): Promise<boolean> {
  if (isLive(status)) return false
  await lockSeat(tx, seatId)
  const [row] = await tx.$queryRaw<{ vacant: boolean }[]>`
    SELECT NOT EXISTS (
      SELECT FROM orders o WHERE o.seat_id = ${seatId}::int AND o.status IN ('placed', 'confirmed', 'seen')) AS vacant`
  return row?.vacant ?? true
}
