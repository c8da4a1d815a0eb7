import t from 'tap'
import { markChatRead, sendMessage } from '../../src/chat/chat-actions.js'
import { cancelOrder, collectCash, deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { EVENT_DATA, type EventName } from '../../src/protocol/views.js'
import { provider, take, webhookOf } from '../payments/payments.js'
import { apply, EMPTY, snapshot } from './fold.js'
import { createWorld, type Guest, type World } from './world.js'

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
    t.same(state, await snapshot(world, ids), what)
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
  await step('read', () => markChatRead(world.ctx, world.staff, second))
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
  t.same([...told].sort(), Object.keys(EVENT_DATA).sort(), 'every kind was told')
})

let ids = 0

function say(world: World, { principal }: Guest, chat: number, text: string): Promise<unknown> {
  return sendMessage(world.ctx, principal, { chat, text, clientId: `c${++ids}` })
}

function answer(world: World, chat: number, text: string): Promise<unknown> {
  return sendMessage(world.ctx, world.staff, { chat, text, clientId: `s${++ids}` })
}
