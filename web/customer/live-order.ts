import type { OrderView } from '../../src/protocol/views.js'
import { createOutbox } from '../chat/outbox.js'
import { ApiError, api } from '../lib/api.js'
import { newId } from '../lib/id.js'
import { createStore } from '../lib/store.js'
import type { Incoming, Verdict } from '../live/client.js'
import { chatMessageOf, type LiveEvent, orderOf, type Snapshot } from '../live/messages.js'
import { applyOrderPage, NO_ORDER, type OrderChange } from '../live/order-state.js'
import { connectLive } from '../live/page-client.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { rememberOpened } from './opened-orders.js'
import { orderText, paymentText } from './payment-text.js'

function announceChange(before: OrderView | null, after: OrderView): void {
  if (!before) return
  if (before.status !== after.status) return announce(orderText(after).head, true)
  const isSame = (['paymentStatus', 'refundedAmount', 'dueBack'] as const).every(
    (key) => before[key] === after[key],
  )
  const text = isSame ? null : paymentText(after).texts.at(-1)
  if (text) announce(text, true)
}

/** One order on its customer's page: its state, its conversation, and the link that keeps them current. */
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
    if (!after) return
    if (!before) rememberOpened(id)
    announceChange(before, after)
  }

  function onSnapshot({ data }: Snapshot): void {
    if (!('order' in data)) return
    const { order, messages } = data
    update({ type: 'snapshot', order, messages })
    const first = messages[0]
    // A snapshot does not say whether there are earlier messages.
    if (first) void loadEarlier(first.id)
  }

  function onEvent(event: LiveEvent): void {
    const order = orderOf(event)
    if (order) return update({ type: 'order', order })
    const message = chatMessageOf(event)?.message
    if (!message) return
    apply({ type: 'messages', messages: [message] })
    outbox.stored(message.clientId)
    if (message.from === 'staff') announce(s.chat.staffReplied(message.text))
  }

  function onMessage(incoming: Incoming): void {
    if (incoming.type === 'snapshot') onSnapshot(incoming)
    else if (incoming.type === 'event') onEvent(incoming)
  }

  async function loadEarlier(before: number | undefined): Promise<void> {
    const page = await api.messages(id, before).catch(() => null)
    if (!page) return
    apply({ type: 'messages', messages: page.messages })
    more.set(page.more)
  }

  /** The service answers 404 to everyone who may not see the order, signed in or not. */
  async function explainRefusal(): Promise<Verdict> {
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
    explainRefusal,
    onLeft: () => apply({ type: 'left' }),
  })
  // Sent before this script ran, so it is there before the snapshot. What goes wrong shows in the link.
  api.order(id).then(
    (order) => update({ type: 'order', order }),
    () => {},
  )

  /** The order as a call has answered it, or as the service has it now. */
  function showOrder(order: OrderView | null): void {
    if (order) update({ type: 'order', order })
    else void explainRefusal()
  }
  return {
    id,
    state,
    more,
    live,
    outbox,
    loadEarlier,
    showOrder,
    send: (text: string) => outbox.add(id, text, newId()),
  }
}

export type LiveOrder = ReturnType<typeof createLiveOrder>
