import t from 'tap'
import { sendMessage } from '../../src/chat/chat-actions.js'
import { theatreChatSnapshot } from '../../src/chat/chat-snapshots.js'
import type { StoredEvent } from '../../src/live/event-log.js'
import type { ChatView, EventName, MessageView, OrderView } from '../../src/live/protocol.js'
import { EVENT_NAMES } from '../../src/live/protocol.js'
import { cancelOrder, collectCash, deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { orderSnapshot, theatreOrdersSnapshot } from '../../src/orders/order-snapshots.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { provider, take, webhookOf } from '../payments/payments.js'
import { createWorld, type Guest, type World } from './world.js'

// Snapshot + events = a fresh snapshot: what a page makes of the events, written down as pure functions.

interface OrderState {
  order: OrderView | null
  messages: MessageView[]
}

interface State {
  orders: OrderView[]
  chats: ChatView[]
  each: Map<number, OrderState>
}

const LIVE = new Set(['placed', 'confirmed', 'seen'])

function applyToOrders(orders: OrderView[], order: OrderView): OrderView[] {
  const others = orders.filter(({ id }) => id !== order.id)
  return LIVE.has(order.status) ? [...others, order].sort((a, b) => a.id - b.id) : others
}

function applyToChats(chats: ChatView[], chat: ChatView): ChatView[] {
  const spoken = ({ lastMessage }: ChatView) => lastMessage?.id ?? 0
  return [...chats.filter(({ id }) => id !== chat.id), chat].sort((a, b) => spoken(b) - spoken(a))
}

function applyToOrder(state: OrderState, name: EventName, data: unknown): OrderState {
  if (name !== 'chat.message') return { ...state, order: data as OrderView }
  const { message } = data as { message: MessageView }
  return { ...state, messages: [...state.messages, message].slice(-50) }
}

async function snapshot(world: World, orderIds: number[]): Promise<State> {
  return await world.db.$transaction(
    async (tx) => {
      const each = new Map<number, OrderState>()
      for (const id of orderIds) each.set(id, await orderSnapshot(tx, id))
      return {
        orders: (await theatreOrdersSnapshot(tx, 1)).orders,
        chats: (await theatreChatSnapshot(tx, 1)).chats,
        each,
      }
    },
    { isolationLevel: 'RepeatableRead' },
  )
}

/** What a page has of the orders of `before` once it has taken the events of all groups, each in its own order. */
function apply(before: State, events: readonly StoredEvent[]): State {
  const bySeq = [...events].sort((a, b) => a.seq - b.seq)
  const of = (group: string) =>
    bySeq
      .filter((event) => event.group === group)
      .map(({ name, data }) => ({ name, data: JSON.parse(data) as unknown }))
  const orders = of('theatre:1:orders').reduce(
    (now, { data }) => applyToOrders(now, data as OrderView),
    before.orders,
  )
  const chats = of('theatre:1:chat').reduce(
    (now, { data }) => applyToChats(now, (data as { chat: ChatView }).chat),
    before.chats,
  )
  const each = new Map<number, OrderState>()
  for (const [id, state] of before.each) {
    each.set(
      id,
      of(`order:${id}`).reduce((now, { name, data }) => applyToOrder(now, name, data), state),
    )
  }
  return { orders, chats, each }
}

/**
 * A conversation shows its order's status as of its last message: what happens to orders is told in the groups of
 * orders, not in that of the chats.
 */
function comparable({ chats, ...state }: State) {
  return { ...state, chats: chats.map(({ order: { status: _, ...order }, ...chat }) => ({ ...chat, order })) }
}

const EMPTY: OrderState = { order: null, messages: [] }

t.test('snapshot + events = a fresh snapshot, for every kind of event', async (t) => {
  const world = await createWorld(t)
  const guest = await world.guest()
  const told = new Set<EventName>()
  const ids: number[] = []
  let state = await snapshot(world, ids)

  async function step(what: string, work: () => Promise<unknown>): Promise<void> {
    world.events.length = 0
    await work()
    for (const { name } of world.events) told.add(name)
    for (const { id } of await world.db.order.findMany({ select: { id: true } })) {
      if (ids.includes(id)) continue
      ids.push(id)
      state.each.set(id, EMPTY)
    }
    state = apply(state, world.events)
    t.same(comparable(state), comparable(await snapshot(world, ids)), what)
  }

  await step('placed', () => world.order({ guest }))
  const [first = 0] = ids
  await step('another', () => world.order({ guest, seat: 'demo-b1' }))
  const [, second = 0] = ids
  await step('pending', () => startPayment(world.ctx, provider, guest.principal, first))
  const payment = await startPayment(world.ctx, provider, guest.principal, first)
  await step('failed', () => take(world, webhookOf(payment, { event: 'payment.failed' })))
  await step('asked', () => say(world, guest, first, 'Is it on its way?'))
  await step('pending again', () => startPayment(world.ctx, provider, guest.principal, first))
  const again = await startPayment(world.ctx, provider, guest.principal, first)
  await step('captured', () => take(world, webhookOf(again)))
  await step('seen', () => markSeen(world.ctx, world.staff, first))
  await step('answered', () => answer(world, first, 'It is'))
  await step('asked elsewhere', () => say(world, guest, second, 'And mine?'))
  await step('cash', () => world.order({ guest, paymentMethod: 'cash' }))
  const [, , cash = 0] = ids
  await step('collected', () => collectCash(world.ctx, world.staff, cash))
  await step('delivered', () => deliverOrder(world.ctx, world.staff, cash))
  await step('cancelled', () =>
    cancelOrder(world.ctx, world.staff, second).then(() => answer(world, second, 'Sorry')),
  )
  await step('refunded', () => take(world, webhookOf(again, { event: 'refund.processed' })))
  await step('unpaid', async () => {
    const { id } = await world.order({ guest })
    await world.db.order.update({ where: { id }, data: { createdAt: new Date(Date.now() - 3_600_000) } })
    await cancelUnpaidOrders(world.ctx, 30)
  })
  await step('a long conversation', async () => {
    for (let i = 0; i < 60; i++) await say(world, guest, first, `message ${i}`)
  })
  t.same([...told].sort(), [...EVENT_NAMES].sort(), 'every kind was told')
})

let ids = 0

function say(world: World, { principal }: Guest, chat: number, text: string): Promise<unknown> {
  return sendMessage(world.ctx, principal, { chat, text, clientId: `c${++ids}` })
}

function answer(world: World, chat: number, text: string): Promise<unknown> {
  return sendMessage(world.ctx, world.staff, { chat, text, clientId: `s${++ids}` })
}
