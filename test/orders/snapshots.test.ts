import t from 'tap'
import { markChatRead, sendMessage } from '../../src/chat/chat-actions.js'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { cancelOrder, collectCash, undoLastStep } from '../../src/payments/staff-actions.js'
import { EVENT_DATA, type EventName } from '../../src/protocol/views.js'
import { createFixture, type Fixture, type Guest } from '../helpers/fixture.js'
import { apply, provider, refundOf, webhookOf } from '../payments/payments.js'
import { applyEvents, EMPTY, snapshot } from './client-model.js'

t.test('snapshot + events = a fresh snapshot, for every kind of event', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const seen = new Set<EventName>()
  const ids: number[] = []
  let state = await snapshot(fixture, ids)

  async function step(what: string, work: () => Promise<unknown>): Promise<void> {
    fixture.events.length = 0
    await work()
    for (const { name } of fixture.events) seen.add(name)
    for (const { id } of await fixture.db.order.findMany({ select: { id: true } })) {
      if (ids.includes(id)) continue
      ids.push(id)
      state.each.set(id, EMPTY)
    }
    state = applyEvents(state, fixture.events)
    t.same(state, await snapshot(fixture, ids), what)
  }

  await step('placed', () => fixture.order({ guest }))
  const [first = 0] = ids
  await step('another', () => fixture.order({ guest, seat: 'demo-b1' }))
  const [, second = 0] = ids
  await step('pending', () => startPayment(fixture.ctx, provider, guest.principal, first))
  const payment = await startPayment(fixture.ctx, provider, guest.principal, first)
  await step('failed', () => apply(fixture, webhookOf(payment, { event: 'payment.failed' })))
  await step('asked', () => ask(fixture, guest, first, 'Is it on its way?'))
  await step('pending again', () => startPayment(fixture.ctx, provider, guest.principal, first))
  const again = await startPayment(fixture.ctx, provider, guest.principal, first)
  await step('captured', () => apply(fixture, webhookOf(again)))
  await step('seen', () => markSeen(fixture.ctx, fixture.staff, first))
  await step('answered', () => answer(fixture, first, 'It is'))
  await step('asked elsewhere', () => ask(fixture, guest, second, 'And mine?'))
  await step('read', () => markChatRead(fixture.ctx, fixture.staff, second))
  await step('cash', () => fixture.order({ guest, paymentMethod: 'cash' }))
  const [, , cash = 0] = ids
  await step('collected', () => collectCash(fixture.ctx, fixture.staff, cash))
  await step('delivered', () => deliverOrder(fixture.ctx, fixture.staff, cash))
  await step('restored', () => undoLastStep(fixture.ctx, fixture.staff, cash))
  await step('delivered again', () => deliverOrder(fixture.ctx, fixture.staff, cash))
  await step('cancelled', () =>
    cancelOrder(fixture.ctx, fixture.staff, second).then(() => answer(fixture, second, 'Sorry')),
  )
  await step('paid twice', () => apply(fixture, webhookOf(again, { entity: { id: 'pay_2' } })))
  await step('second refunded', () => apply(fixture, refundOf(again, { entity: { id: 'pay_2' } })))
  await step('partially refunded', () => apply(fixture, refundOf(again, { amount: 1000 })))
  await step('refunded', () => apply(fixture, refundOf(again, { amount: again.amount - 1000 })))
  await step('unpaid', async () => {
    const { id } = await fixture.order({ guest })
    await fixture.db.order.update({ where: { id }, data: { createdAt: new Date(Date.now() - 3_600_000) } })
    await cancelUnpaidOrders(fixture.ctx, 30)
  })
  await step('a long conversation', async () => {
    for (let i = 0; i < 60; i++) await ask(fixture, guest, first, `message ${i}`)
  })
  t.same([...seen].sort(), Object.keys(EVENT_DATA).sort(), 'every kind of event occurred')
})

let ids = 0

function ask(fixture: Fixture, { principal }: Guest, chat: number, text: string): Promise<unknown> {
  return sendMessage(fixture.ctx, principal, { chat, text, clientId: `c${++ids}` })
}

function answer(fixture: Fixture, chat: number, text: string): Promise<unknown> {
  return sendMessage(fixture.ctx, fixture.staff, { chat, text, clientId: `s${++ids}` })
}
