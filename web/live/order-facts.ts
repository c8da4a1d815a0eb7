import type { OrderView } from '../../src/protocol/views.js'

// Apart from the board's state, which customers' pages don't load.

export function isLive(order: Pick<OrderView, 'status'>): boolean {
  return order.status !== 'delivered' && order.status !== 'cancelled'
}

/** Whether `next` is an earlier version than `known`: the answer to a call and the event of its change come in either order. */
export const isOlder = (next: OrderView, known: OrderView): boolean => next.version < known.version
