import { readGroup } from '../../src/protocol/groups.js'
import type { OrderView } from '../../src/protocol/views.js'
import { api, type StaffAction } from '../lib/api.js'
import { fetchWithRetry, type RetryingFetch } from '../lib/retry.js'
import { createStore } from '../lib/store.js'
import type { Incoming } from '../live/client.js'
import { orderOf, type Snapshot } from '../live/messages.js'
import { applyOrders, NO_ORDERS, type OrdersChange } from '../live/orders-state.js'
import { connectLive, type LivePage } from '../live/page-client.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { explain } from '../ui/problem.js'
import { noteExpiring } from '../ui/session-expiry.js'
import type { IsShown } from './chat-desk.js'
import { createNewOrderAlert } from './new-orders.js'
import { nameTheatres, type TheatreName } from './use-theatre.js'

/** how long the offer to undo a step stands where the ticket was */
const UNDO_OFFER_MS = 8000

type UndoableAction = 'deliver' | 'cancel'

function theatreOf(group: string): number | null {
  const parts = readGroup(group)
  return parts?.kind === 'theatre-orders' ? parts.theatreId : null
}

/** State and actions of the live-orders page, without its looks. It rings for what `isShown` only. */
export function createBoard(isShown: IsShown) {
  const orders = createStore(NO_ORDERS)
  const theatres = createStore<readonly TheatreName[]>([])
  const busy = createStore<ReadonlyMap<number, StaffAction>>(new Map())
  const waiting = new Map<number, StaffAction>()
  /** Orders that were delivered or cancelled here a moment ago: the step can be undone in the ticket's place. */
  const undoable = createStore<ReadonlyMap<number, UndoableAction>>(new Map())
  const problem = createStore<{ orderId: number; text: string } | null>(null)
  /** Theatres whose snapshot has arrived; for others the page must not claim that there are no orders. */
  const loaded = createStore<ReadonlySet<number>>(new Set())
  /** Theatres whose ended and owed orders have arrived. */
  const listed = createStore<ReadonlySet<number>>(new Set())
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  const readings = new Map<number, RetryingFetch>()

  const apply = (change: OrdersChange): void => orders.update((state) => applyOrders(state, change))

  const ring = createNewOrderAlert()
  const isHere = ({ theatreId, seat }: OrderView): boolean => isShown({ theatreId, hall: seat.hall })
  const alertNewOrder = (order: OrderView): void => {
    if (isHere(order)) ring(order)
  }

  function onSnapshot(theatreId: number, { data }: Snapshot): void {
    if (!('orders' in data)) return
    const received = data.orders
    const before = orders.get().live
    const isReload = loaded.get().has(theatreId)
    loaded.update((ids) => new Set(ids).add(theatreId))
    apply({ type: 'snapshot', theatreId, orders: received })
    readLists(theatreId)
    // After a long sleep, new orders arrive in a snapshot instead of as events: they still need an alert.
    if (!isReload) return
    for (const order of received) {
      if (order.status === 'confirmed' && before.get(order.id)?.status !== 'confirmed') alertNewOrder(order)
    }
  }

  function onMessage(message: Incoming): void {
    if (message.type === 'expiring') return noteExpiring(message.at)
    if (message.type === 'hello') {
      // The link is back, so a failed request can simply be repeated.
      problem.set(null)
      const ids = message.groups.map(theatreOf).filter((id) => id !== null)
      return theatres.set(nameTheatres(message.user.theatres, ids))
    }
    if (message.type !== 'snapshot' && message.type !== 'event') return
    const theatreId = theatreOf(message.group)
    if (theatreId === null) return
    if (message.type === 'snapshot') return onSnapshot(theatreId, message)
    const order = orderOf(message)
    if (!order) return
    apply({ type: 'order', order })
    if (message.name === 'order.confirmed') alertNewOrder(order)
    if (message.name === 'order.restored') withdrawUndo(order.id)
    // What was done here is announced with the call's answer.
    if (isHere(order) && !busy.get().has(order.id)) announceStep(message.name, order)
  }

  function announceStep(name: string, { seat }: OrderView): void {
    if (name === 'order.cancelled') announce(st.board.cancelledAnnouncement(seat.name))
    if (name === 'order.restored') announce(st.board.restoredAnnouncement(seat.name))
  }

  function onLeft(group: string): void {
    const theatreId = theatreOf(group)
    if (theatreId === null) return
    readings.get(theatreId)?.stop()
    readings.delete(theatreId)
    theatres.update((all) => all.filter(({ id }) => id !== theatreId))
    for (const known of [loaded, listed])
      known.update((ids) => new Set([...ids].filter((id) => id !== theatreId)))
    apply({ type: 'left', theatreId })
  }

  /** A step asked for while the order's last one is under way follows it, unless that one fails or ends the order. */
  async function change(order: OrderView, action: StaffAction): Promise<void> {
    const underWay = busy.get().get(order.id)
    if (underWay) {
      if (underWay !== action) waiting.set(order.id, action)
      return
    }
    problem.set(null)
    busy.update((map) => new Map(map).set(order.id, action))
    try {
      apply({ type: 'order', order: await api.changeOrder(order.id, action) })
      if (action === 'deliver' || action === 'cancel') offerUndo(order.id, action)
      if (action === 'undo') withdrawUndo(order.id)
      announce(st.board.done[action](order.seat.name))
    } catch (error) {
      waiting.delete(order.id)
      if (action === 'undo') withdrawUndo(order.id)
      const text = `${order.seat.name}: ${explain(error)}`
      problem.set({ orderId: order.id, text })
    } finally {
      busy.update((map) => new Map([...map].filter(([id]) => id !== order.id)))
      changeNext(order.id)
    }
  }

  function changeNext(id: number): void {
    const action = waiting.get(id)
    waiting.delete(id)
    const order = orders.get().live.get(id)
    if (action && order) void change(order, action)
  }

  /** Shows for a while, in the ticket's place, that the step can be undone. */
  function offerUndo(id: number, action: UndoableAction): void {
    undoable.update((map) => new Map(map).set(id, action))
    clearTimeout(timers.get(id))
    timers.set(
      id,
      setTimeout(() => withdrawUndo(id), UNDO_OFFER_MS),
    )
  }

  function withdrawUndo(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    undoable.update((map) => new Map([...map].filter(([each]) => each !== id)))
  }

  /** The order of the last step that can still be undone here; null: there is none. */
  function lastUndoable(): OrderView | null {
    const id = [...undoable.get().keys()].at(-1)
    return orders.get().ended.find((order) => order.id === id) ?? null
  }

  /** Reads the lists that are in no snapshot, again and again until they have come. */
  function readLists(theatreId: number): void {
    const fetching = readings.get(theatreId)
    if (fetching) return fetching.reload()
    const read = () => Promise.all([api.endedOrders(theatreId), api.owedOrders(theatreId)])
    const onLists = ([ended, owed]: readonly OrderView[][]): void => {
      apply({ type: 'ended', orders: ended ?? [] })
      apply({ type: 'owed', theatreId, orders: owed ?? [] })
      listed.update((ids) => new Set(ids).add(theatreId))
    }
    readings.set(
      theatreId,
      fetchWithRetry(read, onLists, () => {}),
    )
  }

  const live: LivePage = connectLive('/ws/all-seat-datasocket/', { onMessage, onLeft })
  return {
    live,
    orders,
    theatres,
    loaded,
    listed,
    busy,
    undoable,
    problem,
    change,
    lastUndoable,
  }
}

export type Board = ReturnType<typeof createBoard>
