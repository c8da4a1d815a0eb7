import t from 'tap'
import { sendMessage } from '../../src/chat/chat-actions.js'
import { DomainError } from '../../src/errors.js'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { cancelOrder, collectCash } from '../../src/payments/staff-actions.js'
import type { PaymentMethod } from '../../src/protocol/views.js'
import { createFixture } from '../helpers/fixture.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { apply, provider, refundOf, webhookOf } from '../payments/payments.js'
import { applyEvents, EMPTY, snapshot } from './client-model.js'

const SEED = seedOfRun()

t.test(
  `concurrent actions at two seats fail by the rules only, and the events add up to the state (SEED=${SEED})`,
  async (t) => {
    const fixture = await createFixture(t)
    const guest = await fixture.guest()
    const random = new Random(SEED)
    const payments: { id: string; amount: number }[] = []
    const orders: number[] = []
    let messages = 0

    async function place(): Promise<void> {
      const paymentMethod = random.pick<PaymentMethod>(['online', 'cash'])
      const seat = random.pick(['demo-a1', 'demo-a2'])
      orders.push((await fixture.order({ guest, paymentMethod, seat })).id)
    }
    async function pay(id: number): Promise<void> {
      payments.push(await startPayment(fixture.ctx, provider, guest.principal, id))
    }
    async function receiveWebhook(): Promise<void> {
      if (payments.length === 0) return
      const payment = random.pick(payments)
      const webhooks = [
        () => webhookOf(payment),
        () => webhookOf(payment, { entity: { id: `pay_second_${payment.id}` } }),
        () => webhookOf(payment, { event: 'payment.failed' }),
        () => refundOf(payment, { amount: 1000 }),
        () => refundOf(payment),
      ]
      await apply(fixture, random.pick(webhooks)())
    }
    async function send(chat: number): Promise<void> {
      const clientId = `m${messages++}`
      const sender = random.pick([guest.principal, fixture.staff])
      await sendMessage(fixture.ctx, sender, { chat, text: 'x', clientId })
    }
    type Action = (...given: Parameters<typeof markSeen>) => Promise<unknown>
    const staff = (action: Action) => (id: number) => action(fixture.ctx, fixture.staff, id)
    const actions: ((id: number) => Promise<unknown>)[] = [
      place,
      pay,
      pay,
      receiveWebhook,
      receiveWebhook,
      send,
      staff(markSeen),
      staff(deliverOrder),
      staff(cancelOrder),
      staff(collectCash),
      () => cancelUnpaidOrders(fixture.ctx, 0),
    ]

    for (let i = 0; i < 4; i++) await place()
    for (let round = 0; round < 25; round++) {
      const batch = Array.from({ length: 8 }, () => {
        const id = random.pick(orders.slice(-6))
        return random.pick(actions)(id)
      })
      for (const outcome of await Promise.allSettled(batch)) {
        if (outcome.status === 'rejected' && !(outcome.reason instanceof DomainError)) throw outcome.reason
      }
    }

    for (const group of new Set(fixture.events.map(({ group }) => group))) {
      const seqs = fixture.events.filter((event) => event.group === group).map(({ seq }) => seq)
      t.same(
        seqs.toSorted((a, b) => a - b),
        seqs.map((_, index) => index + 1),
        `the seqs of ${group} have no gap`,
      )
    }
    const empty = { orders: [], chats: [], each: new Map(orders.map((id) => [id, EMPTY])) }
    t.same(applyEvents(empty, fixture.events), await snapshot(fixture, orders))
  },
)
