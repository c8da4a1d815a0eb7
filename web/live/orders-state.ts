import type { OrderView } from '../../src/protocol/views.js'
import { isLive, isOlder } from './order-facts.js'

/** State of the staff's board: the live orders, those that ended last (newest first), and all with money that is owed. */
export interface OrdersState {
  live: ReadonlyMap<number, OrderView>
  ended: readonly OrderView[]
  owed: ReadonlyMap<number, OrderView>
}

export type OrdersChange =
  | { type: 'snapshot'; theatreId: number; orders: readonly OrderView[] }
  | { type: 'order'; order: OrderView }
  | { type: 'ended'; orders: readonly OrderView[] }
  /** the service's whole list of a theatre */
  | { type: 'owed'; theatreId: number; orders: readonly OrderView[] }
  | { type: 'left'; theatreId: number }

export const NO_ORDERS: OrdersState = { live: new Map(), ended: [], owed: new Map() }

const ENDED_KEPT = 30
/** An order that has ended can be restored for that long, so it stays in the list. */
export const RESTORABLE_MS = 10 * 60_000

/** Delivered, but the cash is not collected yet. */
export function isCashOwed(order: OrderView): boolean {
  return order.status === 'delivered' && order.paymentMethod === 'cash' && order.paymentStatus === 'pending'
}

/** Its cash is not collected, or money of it is due back. */
export function isOwed(order: OrderView): boolean {
  const { status, paymentMethod, paymentStatus, dueBack } = order
  return dueBack > 0 || (paymentMethod === 'cash' && paymentStatus === 'pending' && status !== 'cancelled')
}

/** When the order ended; null while it is live. */
export function endedAt(order: OrderView): string | null {
  return order.deliveredAt ?? order.cancelledAt
}

/** Whether the staff may bring the order back. One that was never confirmed was cancelled by the service. */
export function isRestorable(order: OrderView, now: number): boolean {
  const at = endedAt(order)
  if (isLive(order) || at === null || now - Date.parse(at) >= RESTORABLE_MS) return false
  return order.status === 'delivered' || order.confirmedAt !== null
}

/** The last that ended, and all that ended within ten minutes of the latest. */
function withEnded(ended: readonly OrderView[], added: readonly OrderView[]): OrderView[] {
  const byId = new Map([...ended, ...added].map((order) => [order.id, order]))
  const time = (order: OrderView): number => Date.parse(endedAt(order) ?? order.createdAt)
  const sorted = [...byId.values()].sort((a, b) => time(b) - time(a) || b.id - a.id)
  const latest = sorted[0] ? time(sorted[0]) : 0
  return sorted.filter((order, index) => index < ENDED_KEPT || latest - time(order) < RESTORABLE_MS)
}

/** The latest version of an order that the page knows. */
const knownOrder = ({ live, ended, owed }: OrdersState, id: number): OrderView | undefined =>
  live.get(id) ?? ended.find((order) => order.id === id) ?? owed.get(id)

/** What the service lists for a payment issue stays until it lists it no more: the order does not show the issue. */
function withOwed(owed: OrdersState['owed'], order: OrderView): OrdersState['owed'] {
  const known = owed.get(order.id)
  const next = new Map(owed)
  if (isOwed(order) || (known && !isOwed(known))) next.set(order.id, order)
  else next.delete(order.id)
  return next
}

/** The service's list, and what has become owed since it was read. */
function replaceOwed(
  state: OrdersState,
  theatreId: number,
  orders: readonly OrderView[],
): OrdersState['owed'] {
  const others = [...state.owed.values()].filter((order) => order.theatreId !== theatreId)
  const listed = orders
    .map((order) => ({ order, known: knownOrder(state, order.id) }))
    .filter(({ order, known }) => !known || !isOlder(order, known) || isOwed(known))
    .map(({ order, known }) => (known && isOlder(order, known) ? known : order))
  const since = [...state.live.values(), ...state.ended].filter(
    (order) => order.theatreId === theatreId && isOwed(order),
  )
  return new Map([...others, ...since, ...listed].map((order) => [order.id, order]))
}

function applyOrder(state: OrdersState, order: OrderView): OrdersState {
  const known = knownOrder(state, order.id)
  if (known && isOlder(order, known)) return state
  const live = new Map(state.live)
  const owed = withOwed(state.owed, order)
  if (isLive(order)) {
    live.set(order.id, order)
    // restored
    return { live, owed, ended: state.ended.filter(({ id }) => id !== order.id) }
  }
  live.delete(order.id)
  return { live, owed, ended: withEnded(state.ended, [order]) }
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
        ...state,
        ended: withEnded(
          state.ended,
          change.orders.filter((order) => !isLive(order) && !state.live.has(order.id)),
        ),
      }
    case 'owed':
      return { ...state, owed: replaceOwed(state, change.theatreId, change.orders) }
    case 'snapshot': {
      const live = new Map(
        [...without(state, change.theatreId), ...change.orders].map((order) => [order.id, order]),
      )
      return { ...state, live, ended: state.ended.filter(({ id }) => !live.has(id)) }
    }
    case 'left':
      return {
        live: new Map(without(state, change.theatreId).map((order) => [order.id, order])),
        ended: state.ended.filter((order) => order.theatreId !== change.theatreId),
        owed: new Map([...state.owed].filter(([, order]) => order.theatreId !== change.theatreId)),
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
