import type { NewEvent } from '../events/event-log.js'
import { orderGroup, theatreOrders } from '../protocol/groups.js'
import type { EventName } from '../protocol/views.js'
import type { OrderRecord } from './order-record.js'
import { viewOrder } from './order-view.js'

export type OrderEventName = Exclude<EventName, `chat.${string}`>

/**
 * The events of one change, each for the theatre's group and the order's. `order` must be read after the change, in the
 * same transaction.
 */
export function orderEvents(names: readonly OrderEventName[], order: OrderRecord): NewEvent[] {
  const data = viewOrder(order)
  return names.flatMap((name) =>
    [theatreOrders(order.theatreId), orderGroup(order.id)].map((group) => ({ group, name, data })),
  )
}
