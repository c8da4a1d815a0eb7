import type { OrderView } from '../../src/live/protocol.js'
import { api, type StaffAction } from '../lib/api.js'
import { list } from '../lib/decode.js'
import { notify } from '../lib/notify.js'
import { member, order as readOrder } from '../lib/shapes.js'
import { playNewOrder } from '../lib/sound.js'
import { createStore } from '../lib/store.js'
import type { Incoming } from '../live/client.js'
import { theatreOfGroup } from '../live/groups.js'
import { applyOrders, isOrderNews, NO_ORDERS, type OrdersChange } from '../live/orders-state.js'
import { connectLive, type LivePage } from '../live/page-client.js'
import { f, s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { explain } from '../ui/problem.js'
import { noteExpiring } from '../ui/session-expiry.js'
import { nameTheatres, type TheatreName } from './use-theatre.js'

export const CANCEL_GRACE = 5000

const readOrders = member('orders', list(readOrder))

/** All that the live-orders page knows and does, apart from how it looks. */
export function createBoard(userId: number) {
  const orders = createStore(NO_ORDERS)
  const theatres = createStore<readonly TheatreName[]>([])
  const busy = createStore<ReadonlyMap<number, StaffAction>>(new Map())
  /** orders about to be cancelled: until when there is a way back */
  const cancelling = createStore<ReadonlyMap<number, number>>(new Map())
  const problem = createStore<{ orderId: number; text: string } | null>(null)
  /** theatres whose orders are known: of the others nothing may be said, not even that there are none */
  const known = createStore<ReadonlySet<number>>(new Set())
  const timers = new Map<number, ReturnType<typeof setTimeout>>()

  const apply = (change: OrdersChange): void => orders.update((state) => applyOrders(state, change))

  function welcome(order: OrderView): void {
    const { name, hall } = order.seat
    const items = f.list(order.items.map((item) => `${item.quantity} ${item.name}`))
    playNewOrder()
    announce(s.board.newOrder(hall, name, items))
    notify(s.board.newOrderTitle(name, hall), items, `order-${order.id}`)
  }

  function onSnapshot(theatreId: number, data: unknown): void {
    const fresh = readOrders(data)
    const before = orders.get().live
    const isReturn = known.get().has(theatreId)
    known.update((ids) => new Set(ids).add(theatreId))
    apply({ type: 'snapshot', theatreId, orders: fresh })
    void loadEnded(theatreId)
    // After a long sleep the news come as a snapshot: what is new in it is still news.
    const news = fresh.filter(
      (order) => order.status === 'confirmed' && before.get(order.id)?.status !== 'confirmed',
    )
    const last = news.at(-1)
    if (isReturn && last) welcome(last)
  }

  function onMessage(message: Incoming): void {
    if (message.type === 'expiring') return noteExpiring(message.at)
    if (message.type === 'hello') {
      // Another person signed in meanwhile, in another tab: nothing of this page may stay.
      if (message.user.id !== userId) return location.reload()
      // The link is back: that it was away is no news any more, and the button is still there.
      problem.set(null)
      const ids = message.groups.map(theatreOfGroup).filter((id) => id !== null)
      return theatres.set(nameTheatres(message.user.theatres, ids))
    }
    if (message.type !== 'snapshot' && message.type !== 'event') return
    const theatreId = theatreOfGroup(message.group)
    if (theatreId === null) return
    if (message.type === 'snapshot') return onSnapshot(theatreId, message.data)
    if (!isOrderNews(message.name)) return
    const order = readOrder(message.data)
    apply({ type: 'order', order })
    if (message.name === 'order.confirmed') welcome(order)
    if (message.name === 'order.cancelled') announce(s.board.cancelledVoice(order.seat.name))
  }

  function onLeft(group: string): void {
    const theatreId = theatreOfGroup(group)
    if (theatreId === null) return
    theatres.update((all) => all.filter(({ id }) => id !== theatreId))
    known.update((ids) => new Set([...ids].filter((id) => id !== theatreId)))
    apply({ type: 'left', theatreId })
  }

  async function act(order: OrderView, action: StaffAction): Promise<void> {
    if (busy.get().has(order.id)) return
    problem.set(null)
    busy.update((map) => new Map(map).set(order.id, action))
    try {
      apply({ type: 'order', order: await api.act(order.id, action) })
      announce(s.board.done[action](order.seat.name))
    } catch (error) {
      const text = `${order.seat.name}: ${explain(error)}`
      problem.set({ orderId: order.id, text })
    } finally {
      busy.update((map) => new Map([...map].filter(([id]) => id !== order.id)))
    }
  }

  function keep(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    cancelling.update((map) => new Map([...map].filter(([each]) => each !== id)))
  }

  /** The service knows no way back from a cancelled order, so the page waits before it asks. */
  function cancel(order: OrderView): void {
    if (timers.has(order.id)) return
    cancelling.update((map) => new Map(map).set(order.id, Date.now() + CANCEL_GRACE))
    announce(s.board.cancelSoon(order.seat.name))
    timers.set(
      order.id,
      setTimeout(() => {
        keep(order.id)
        void act(order, 'cancel')
      }, CANCEL_GRACE),
    )
  }

  function keepLast(): void {
    const last = [...timers.keys()].at(-1)
    if (last !== undefined) keep(last)
  }

  /**
   * Who touched cancel and goes on (to the chat, to say why) has not changed their mind, and the page has promised it:
   * what waits is asked for now. If it gets lost, the order is still on every board.
   */
  function cancelNow(): void {
    for (const [id, timer] of timers) {
      clearTimeout(timer)
      void api.act(id, 'cancel', { keepalive: true }).catch(() => {})
    }
    timers.clear()
    cancelling.set(new Map())
  }

  async function loadEnded(theatreId: number): Promise<void> {
    const ended = await api.endedOrders(theatreId).catch(() => [])
    apply({ type: 'ended', orders: ended })
  }

  addEventListener('pagehide', cancelNow)
  const live: LivePage = connectLive('/ws/all-seat-datasocket/', { onMessage, onLeft })
  return { live, orders, theatres, known, busy, cancelling, problem, act, cancel, keep, keepLast }
}

export type Board = ReturnType<typeof createBoard>
