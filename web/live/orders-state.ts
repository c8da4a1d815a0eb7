import type { OrderStatus, OrderView, PaymentStatus } from '../../src/live/protocol.js'

/** What a theatre's screen knows: the live orders, and the last ones that ended while it looked (newest first). */
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
const STATUS_RANK: Record<OrderStatus, number> = {
  placed: 0,
  confirmed: 1,
  seen: 2,
  delivered: 3,
  cancelled: 3,
}
const PAYMENT_RANK: Record<PaymentStatus, number> = { pending: 0, failed: 0, paid: 1, refunded: 2 }

/** Does an event of this name carry an order? */
export function isOrderNews(name: string): boolean {
  return name.startsWith('order.') || name.startsWith('payment.')
}

export function isLive(order: { status: OrderStatus }): boolean {
  return STATUS_RANK[order.status] < 3
}

/** Brought for cash that nobody has taken yet. */
export function isOwed(order: OrderView): boolean {
  return order.status === 'delivered' && order.paymentMethod === 'cash' && order.paymentStatus === 'pending'
}

/** When an order ended, if it did. */
export function endedAt(order: OrderView): string | null {
  return order.deliveredAt ?? order.cancelledAt
}

/**
 * Whether `next` tells of an earlier moment than `known`. An order only moves forward, so this puts the answer of
 * one's own call and the event that tells the same in order, whichever comes first.
 */
export function isOlder(next: OrderView, known: OrderView): boolean {
  return (
    STATUS_RANK[next.status] < STATUS_RANK[known.status] ||
    PAYMENT_RANK[next.paymentStatus] < PAYMENT_RANK[known.paymentStatus]
  )
}

function withEnded(ended: readonly OrderView[], added: readonly OrderView[]): OrderView[] {
  const byId = new Map([...ended, ...added].map((order) => [order.id, order]))
  return [...byId.values()]
    .sort((a, b) => (endedAt(b) ?? '').localeCompare(endedAt(a) ?? '') || b.id - a.id)
    .slice(0, ENDED_KEPT)
}

function applyOrder(state: OrdersState, order: OrderView): OrdersState {
  const known = state.live.get(order.id) ?? state.ended.find((entry) => entry.id === order.id)
  if (known && isOlder(order, known)) return state
  const live = new Map(state.live)
  if (isLive(order)) {
    live.set(order.id, order)
    return { live, ended: state.ended }
  }
  live.delete(order.id)
  return { live, ended: withEnded(state.ended, [order]) }
}

function without(state: OrdersState, theatreId: number): OrderView[] {
  return [...state.live.values()].filter((order) => order.theatreId !== theatreId)
}

/** Snapshot + events = state. Pure; the same change applied twice changes nothing more. */
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
      const live = [...without(state, change.theatreId), ...change.orders]
      return { live: new Map(live.map((order) => [order.id, order])), ended: state.ended }
    }
    case 'left':
      return {
        live: new Map(without(state, change.theatreId).map((order) => [order.id, order])),
        ended: state.ended.filter((order) => order.theatreId !== change.theatreId),
      }
  }
}

/** Since when an order is due: cash orders are confirmed as they are made, the others when they are paid. */
export function dueSince(order: OrderView): number {
  return Date.parse(order.confirmedAt ?? order.createdAt)
}

export function oldestFirst(orders: Iterable<OrderView>): OrderView[] {
  return [...orders].sort((a, b) => dueSince(a) - dueSince(b) || a.id - b.id)
}

export interface Tally {
  menuItemId: number
  name: string
  quantity: number
}

/** How many of each item the given orders ask for together, most first. */
export function tally(orders: Iterable<OrderView>): Tally[] {
  const totals = new Map<number, Tally>()
  for (const order of orders) {
    for (const { menuItemId, name, quantity } of order.items) {
      const known = totals.get(menuItemId)
      totals.set(menuItemId, { menuItemId, name, quantity: (known?.quantity ?? 0) + quantity })
    }
  }
  return [...totals.values()].sort((a, b) => b.quantity - a.quantity || a.name.localeCompare(b.name))
}

export type Urgency = 'calm' | 'soon' | 'late'

/** `maxTime`: minutes allowed; `minTime`: minutes left when an order turns urgent. */
export function urgency(
  order: OrderView,
  now: number,
  limits: { maxTime: number; minTime: number },
): Urgency {
  const minutes = (now - dueSince(order)) / 60_000
  if (minutes >= limits.maxTime) return 'late'
  return minutes >= limits.maxTime - limits.minTime ? 'soon' : 'calm'
}
