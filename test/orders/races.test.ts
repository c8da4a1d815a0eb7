import t from 'tap'
import { sendMessage } from '../../src/chat/chat-actions.js'
import { DomainError } from '../../src/errors.js'
import { cancelOrder, collectCash, deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import type { PaymentMethod } from '../../src/protocol/views.js'
import { createFixture } from '../helpers/fixture.js'
import { provider, take, webhookOf } from '../payments/payments.js'
import { apply, EMPTY, snapshot } from './fold.js'

/** To replay: SEED=… */
const SEED = Number(process.env.SEED ?? Math.trunc(Math.random() * 2 ** 31))

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let x = Math.imul(a ^ (a >>> 15), 1 | a)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

t.test(
  `everything at once at two seats, seed ${SEED}: nothing fails but by the rules, all is told`,
  async (t) => {
    const fixture = await createFixture(t)
    const guest = await fixture.guest()
    const next = random(SEED)
    const pick = <T>(list: readonly [T, ...T[]]): T => list[Math.trunc(next() * list.length)] ?? list[0]
    const payments: { id: string; amount: number }[] = []
    const orders: number[] = []
    let said = 0

    async function place(): Promise<void> {
      const paymentMethod = pick<PaymentMethod>(['online', 'cash'])
      orders.push((await fixture.order({ guest, paymentMethod, seat: pick(['demo-a1', 'demo-a2']) })).id)
    }
    async function pay(id: number): Promise<void> {
      payments.push(await startPayment(fixture.ctx, provider, guest.principal, id))
    }
    async function hear(): Promise<void> {
      const payment = payments[Math.trunc(next() * payments.length)]
      const event = pick(['payment.captured', 'payment.captured', 'payment.failed', 'refund.processed'])
      if (payment) await take(fixture, webhookOf(payment, { event }))
    }
    async function say(chat: number): Promise<void> {
      const clientId = `m${said++}`
      await sendMessage(fixture.ctx, pick([guest.principal, fixture.staff]), { chat, text: 'x', clientId })
    }
    const staff = (step: typeof markSeen) => (id: number) => step(fixture.ctx, fixture.staff, id)
    const steps: ((id: number) => Promise<unknown>)[] = [
      place,
      pay,
      pay,
      hear,
      hear,
      say,
      staff(markSeen),
      staff(deliverOrder),
      staff(cancelOrder),
      staff(collectCash),
      () => cancelUnpaidOrders(fixture.ctx, 0),
    ]

    for (let i = 0; i < 4; i++) await place()
    for (let round = 0; round < 25; round++) {
      const batch = Array.from({ length: 8 }, () => {
        const id = orders.at(-1 - Math.trunc(next() * Math.min(orders.length, 6))) ?? 0
        return (steps[Math.trunc(next() * steps.length)] ?? place)(id)
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
        `${group} is gapless`,
      )
    }
    const empty = { orders: [], chats: [], each: new Map(orders.map((id) => [id, EMPTY])) }
    t.same(apply(empty, fixture.events), await snapshot(fixture, orders))
  },
)
