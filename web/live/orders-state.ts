import type { OrderView } from '../../src/protocol/views.js'

/** State of the staff's board: the live orders, and those that ended last (newest first). */
export interface OrdersState {
  live: ReadonlyMap<number, OrderView>
  ended: readonly OrderView[]
}

export type OrdersChange =
  | { type: 'snapshot'; theatreId: number; orders: readonly OrderView[] }
  | { type: 'order'; order: OrderView }
  | { type: 'ended'; orders: readonly OrderView[] }
  | { type: 'left'; theatreId: number }

export const NO_ORDERS: OrdersState = { live: new Map(), ended: [] }

const ENDED_KEPT = 30
export function isLive(order: Pick<OrderView, 'status'>): boolean {
  return order.status !== 'delivered' && order.status !== 'cancelled'
}

/** Delivered, but the cash is not collected yet. */
export function isCashOwed(order: OrderView): boolean {
  return order.status === 'delivered' && order.paymentMethod === 'cash' && order.paymentStatus === 'pending'
}

/** When the order ended; null while it is live. */
export function endedAt(order: OrderView): string | null {
  return order.deliveredAt ?? order.cancelledAt
}

/** Whether `next` is an earlier version than `known`: the answer to a call and the event of its change come in either order. */
export const isOlder = (next: OrderView, known: OrderView): boolean => next.version < known.version

/** The last that ended, and with them whatever is still owed: later orders must not push that out. */
function withEnded(ended: readonly OrderView[], added: readonly OrderView[]): OrderView[] {
  const byId = new Map([...ended, ...added].map((order) => [order.id, order]))
  return [...byId.values()]
    .sort((a, b) => (endedAt(b) ?? '').localeCompare(endedAt(a) ?? '') || b.id - a.id)
    .filter((order, index) => index < ENDED_KEPT || isCashOwed(order) || order.dueBack > 0)
}

function applyOrder(state: OrdersState, order: OrderView): OrdersState {
  const known = state.live.get(order.id) ?? state.ended.find((entry) => entry.id === order.id)
  if (known && isOlder(order, known)) return state
  const live = new Map(state.live)
  if (isLive(order)) {
    live.set(order.id, order)
    // restored
    return { live, ended: state.ended.filter(({ id }) => id !== order.id) }
  }
  live.delete(order.id)
  return { live, ended: withEnded(state.ended, [order]) }
}

function without(state: OrdersState, theatreId: number): OrderView[] {
  return [...state.live.values()].filter((order) => order.theatreId !== theatreId)
}

/** Snapshot + events = state. Pure and idempotent. */
export function applyOrders(state: OrdersState, change: OrdersChange): OrdersState {
  switch (change.type) {
    case 'order':
      return applyOrder(state, change.order)
    case 'ended':
      return {
        live: state.live,
        ended: withEnded(
          state.ended,
          change.orders.filter((order) => !isLive(order)),
        ),
      }
    case 'snapshot': {
      const live = new Map(
        [...without(state, change.theatreId), ...change.orders].map((order) => [order.id, order]),
      )
      return { live, ended: state.ended.filter(({ id }) => !live.has(id)) }
    }
    case 'left':
      return {
        live: new Map(without(state, change.theatreId).map((order) => [order.id, order])),
        ended: state.ended.filter((order) => order.theatreId !== change.theatreId),
      }
  }
}

/** Start of the wait: when the order was confirmed (cash orders at once, online ones when paid), else placed. */
export function dueSince(order: OrderView): number {
  return Date.parse(order.confirmedAt ?? order.createdAt)
}

export function oldestFirst(orders: Iterable<OrderView>): OrderView[] {
  return [...orders].sort((a, b) => dueSince(a) - dueSince(b) || a.id - b.id)
}

export interface ItemTotal {
  menuItemId: number
  name: string
  quantity: number
}

/** Total quantity of each item over these orders, largest first. */
export function itemTotals(orders: Iterable<OrderView>): ItemTotal[] {
  const totals = new Map<number, ItemTotal>()
  for (const order of orders) {
    for (const { menuItemId, name, quantity } of order.items) {
      const known = totals.get(menuItemId)
      totals.set(menuItemId, { menuItemId, name, quantity: (known?.quantity ?? 0) + quantity })
    }
  }
  return [...totals.values()].sort((a, b) => b.quantity - a.quantity || a.name.localeCompare(b.name))
}

export type Urgency = 'calm' | 'soon' | 'late'

/** `maxTime`: minutes allowed; `minTime`: minutes left when an order becomes urgent. */
export function urgency(
  order: OrderView,
  now: number,
  limits: { maxTime: number; minTime: number },
): Urgency {
  const minutes = (now - dueSince(order)) / 60_000
  if (minutes >= limits.maxTime) return 'late'
  return minutes >= limits.maxTime - limits.minTime ? 'soon' : 'calm'
}
