import type { NewEvent } from '../events/event-log.js'
import { orderGroup, theatreOrders } from '../protocol/groups.js'
import type { EventName } from '../protocol/views.js'
import type { OrderRecord } from './order-record.js'
import { viewOrder } from './order-view.js'

export type OrderEventName = Exclude<EventName, `chat.${string}`>

/**
 * The events of one change, each to the theatre's and to the order's group. `order` is read in the change's own
 * transaction, after the change.
 */
export function orderEvents(names: readonly OrderEventName[], order: OrderRecord): NewEvent[] {
  const data = viewOrder(order)
  return names.flatMap((name) =>
    [theatreOrders(order.theatreId), orderGroup(order.id)].map((group) => ({ group, name, data })),
  )
}
