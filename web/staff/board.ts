import { readGroup } from '../../src/protocol/groups.js'
import type { OrderView } from '../../src/protocol/views.js'
import { api, type StaffAction } from '../lib/api.js'
import { createStore } from '../lib/store.js'
import type { Incoming } from '../live/client.js'
import { orderOf, type Snapshot } from '../live/messages.js'
import { applyOrders, NO_ORDERS, type OrdersChange } from '../live/orders-state.js'
import { connectLive, type LivePage } from '../live/page-client.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { explain } from '../ui/problem.js'
import { noteExpiring } from '../ui/session-expiry.js'
import { createNewOrderAlert } from './new-orders.js'
import { nameTheatres, type TheatreName } from './use-theatre.js'

/** How long a cancellation can be undone before the request is sent. */
const CANCEL_DELAY_MS = 5000

function theatreOf(group: string): number | null {
  const parts = readGroup(group)
  return parts?.kind === 'theatre-orders' ? parts.theatreId : null
}

/** State and actions of the live-orders page, without its looks. */
export function createBoard() {
  const orders = createStore(NO_ORDERS)
  const theatres = createStore<readonly TheatreName[]>([])
  const busy = createStore<ReadonlyMap<number, StaffAction>>(new Map())
  /** Orders about to be cancelled, with the time of the monotonic clock until which that can be undone. */
  const cancelling = createStore<ReadonlyMap<number, number>>(new Map())
  const problem = createStore<{ orderId: number; text: string } | null>(null)
  /** Theatres whose snapshot has arrived; for others the page must not claim that there are no orders. */
  const loaded = createStore<ReadonlySet<number>>(new Set())
  const timers = new Map<number, ReturnType<typeof setTimeout>>()

  const apply = (change: OrdersChange): void => orders.update((state) => applyOrders(state, change))

  const alertNewOrder = createNewOrderAlert()

  function onSnapshot(theatreId: number, { data }: Snapshot): void {
    if (!('orders' in data)) return
    const received = data.orders
    const before = orders.get().live
    const isReload = loaded.get().has(theatreId)
    loaded.update((ids) => new Set(ids).add(theatreId))
    apply({ type: 'snapshot', theatreId, orders: received })
    void loadEnded(theatreId)
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
    if (message.name === 'order.cancelled') announce(s.board.cancelledVoice(order.seat.name))
  }

  function onLeft(group: string): void {
    const theatreId = theatreOf(group)
    if (theatreId === null) return
    theatres.update((all) => all.filter(({ id }) => id !== theatreId))
    loaded.update((ids) => new Set([...ids].filter((id) => id !== theatreId)))
    apply({ type: 'left', theatreId })
  }

  async function change(order: OrderView, action: StaffAction): Promise<void> {
    if (busy.get().has(order.id)) return
    problem.set(null)
    busy.update((map) => new Map(map).set(order.id, action))
    try {
      apply({ type: 'order', order: await api.changeOrder(order.id, action) })
      announce(s.board.done[action](order.seat.name))
    } catch (error) {
      const text = `${order.seat.name}: ${explain(error)}`
      problem.set({ orderId: order.id, text })
    } finally {
      busy.update((map) => new Map([...map].filter(([id]) => id !== order.id)))
    }
  }

  function undoCancel(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    cancelling.update((map) => new Map([...map].filter(([each]) => each !== id)))
  }

  /** The service can't restore a cancelled order, so the page waits before it sends the request. */
  function cancel(order: OrderView): void {
    if (timers.has(order.id)) return
    cancelling.update((map) => new Map(map).set(order.id, performance.now() + CANCEL_DELAY_MS))
    announce(s.board.cancelSoon(order.seat.name))
    timers.set(
      order.id,
      setTimeout(() => {
        undoCancel(order.id)
        void change(order, 'cancel')
      }, CANCEL_DELAY_MS),
    )
  }

  function undoLastCancel(): void {
    const last = [...timers.keys()].at(-1)
    if (last !== undefined) undoCancel(last)
  }

  /**
   * Leaving the page (for the chat, to explain) does not undo a cancellation, so pending ones are sent at once. If
   * such a request gets lost, the order is still on every board.
   */
  function flushCancellations(): void {
    for (const [id, timer] of timers) {
      clearTimeout(timer)
      void api.changeOrder(id, 'cancel', { keepalive: true }).catch(() => {})
    }
    timers.clear()
    cancelling.set(new Map())
  }

  async function loadEnded(theatreId: number): Promise<void> {
    const ended = await api.endedOrders(theatreId).catch(() => [])
    apply({ type: 'ended', orders: ended })
  }

  addEventListener('pagehide', flushCancellations)
  const live: LivePage = connectLive('/ws/all-seat-datasocket/', { onMessage, onLeft })
  return {
    live,
    orders,
    theatres,
    loaded,
    busy,
    cancelling,
    problem,
    change,
    cancel,
    undoCancel,
    undoLastCancel,
  }
}

export type Board = ReturnType<typeof createBoard>
