import type { OrderView } from '../../src/live/protocol.js'
import { createOutbox } from '../chat/outbox.js'
import { ApiError, api } from '../lib/api.js'
import { list, object } from '../lib/decode.js'
import { newId } from '../lib/id.js'
import * as shapes from '../lib/shapes.js'
import { createStore } from '../lib/store.js'
import type { Incoming, Verdict } from '../live/client.js'
import { applyOrderPage, NO_ORDER, type OrderChange } from '../live/order-state.js'
import { isOrderNews } from '../live/orders-state.js'
import { connectLive } from '../live/page-client.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'

const readSnapshot = object({ order: shapes.order, messages: list(shapes.message) })
const readMessage = shapes.member('message', shapes.message)

function tellChange(before: OrderView | null, after: OrderView): void {
  if (!before) return
  if (before.status !== after.status) announce(s.order.head[after.status](after), true)
  else if (before.paymentStatus !== after.paymentStatus) announce(s.order.payment[after.paymentStatus], true)
}

/** One order as its owner follows it: state, conversation and the link that keeps both true. */
export function createLiveOrder(id: number) {
  const state = createStore(NO_ORDER)
  const more = createStore(false)
  const apply = (change: OrderChange): void => state.update((now) => applyOrderPage(now, change))
  const outbox = createOutbox({
    onStored: (_chat, message) => apply({ type: 'messages', messages: [message] }),
  })

  function update(change: OrderChange): void {
    const before = state.get().order
    apply(change)
    const after = state.get().order
    if (after) tellChange(before, after)
  }

  function onMessage(incoming: Incoming): void {
    if (incoming.type === 'snapshot') {
      const { order, messages } = readSnapshot(incoming.data)
      update({ type: 'snapshot', order, messages })
      const first = messages[0]
      // Whether there is more than the snapshot holds is only known by asking.
      if (first) void older(first.id)
    }
    if (incoming.type !== 'event') return
    if (isOrderNews(incoming.name)) return update({ type: 'order', order: shapes.order(incoming.data) })
    if (incoming.name !== 'chat.message') return
    const message = readMessage(incoming.data)
    apply({ type: 'messages', messages: [message] })
    outbox.stored(message.clientId)
    if (message.from === 'staff') announce(s.chat.answered(message.text))
  }

  async function older(before: number | undefined): Promise<void> {
    const page = await api.history(id, before).catch(() => null)
    if (!page) return
    apply({ type: 'messages', messages: page.messages })
    more.set(page.more)
  }

  /** Whoever may not see the order, or is not signed in any more, is answered as if there were none. */
  async function verdict(): Promise<Verdict> {
    try {
      update({ type: 'order', order: await api.order(id) })
      return 'ok'
    } catch (error) {
      if (!(error instanceof ApiError)) return 'unreachable'
      return error.status === 404 ? 'forbidden' : 'unreachable'
    }
  }

  const live = connectLive(`/ws/payment-socket/${id}/`, {
    onMessage,
    verdict,
    onLeft: () => apply({ type: 'left' }),
  })
  return { id, state, more, live, outbox, older, say: (text: string) => outbox.add(id, text, newId()) }
}

export type LiveOrder = ReturnType<typeof createLiveOrder>
