import t from 'tap'
import { DomainError } from '../../src/errors.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { findCheckout } from '../../src/payments/payment-queries.js'
import type { PaymentProvider } from '../../src/payments/provider.js'
import { cancelOrder } from '../../src/payments/staff-actions.js'
import { createFixture, refusal } from '../helpers/fixture.js'
import { apply, provider, refundOf, startPaying, webhookOf } from './payments.js'

t.test('starting a payment again returns the pending one', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const order = await fixture.order({ guest })
  fixture.events.length = 0
  const payment = await startPayment(fixture.ctx, provider, guest.principal, order.id)
  t.match(payment, { orderId: order.id, provider: 'simulated', status: 'pending', amount: order.total })
  t.same(
    fixture.events.map(({ name, group }) => [name, group]),
    [
      ['payment.pending', 'theatre:1:orders'],
      ['payment.pending', `order:${order.id}`],
    ],
  )
  t.same(await startPayment(fixture.ctx, provider, guest.principal, order.id), payment)
  t.equal(fixture.events.length, 2)
})

t.test('concurrent starts create one payment', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const guest = await fixture.guest()
    const order = await fixture.order({ guest })
    fixture.events.length = 0
    const payments = await Promise.all(
      [1, 2, 3].map(() => startPayment(fixture.ctx, provider, guest.principal, order.id)),
    )
    t.equal(new Set(payments.map(({ id }) => id)).size, 1)
    t.equal(await fixture.db.payment.count({ where: { orderId: order.id } }), 1)
    t.equal(fixture.events.length, 2)
  }
})

t.test('only the owner may pay, and only an order that is payable', async (t) => {
  const fixture = await createFixture(t)
  const { guest, order, payment } = await startPaying(fixture)
  const start = (principal = guest.principal, id = order.id) =>
    refusal(startPayment(fixture.ctx, provider, principal, id))
  for (const principal of [fixture.staff, fixture.admin, (await fixture.guest()).principal]) {
    t.equal(await start(principal), 'not_found')
    t.equal(await refusal(findCheckout(fixture.db, principal, payment.id)), 'not_found')
  }
  t.equal(await start(guest.principal, 2_147_483_647), 'not_found')
  await apply(fixture, webhookOf(payment))
  t.equal(await start(), 'already_paid')
  await apply(fixture, refundOf(payment))
  t.equal(await start(), 'already_paid')
  const cancelled = await fixture.order({ guest })
  await cancelOrder(fixture.ctx, fixture.staff, cancelled.id)
  t.equal(await start(guest.principal, cancelled.id), 'order_cancelled')
  const cash = await fixture.order({ guest, paymentMethod: 'cash' })
  t.equal(await start(guest.principal, cash.id), 'cash_order')
  for (const id of ['sim_none', '', 'a\0', '../x', '\ud800']) {
    t.equal(await refusal(findCheckout(fixture.db, guest.principal, id)), 'not_found')
  }
})

t.test('an order cancelled during the provider’s call gets no payment', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const order = await fixture.order({ guest })
  const slow: PaymentProvider = {
    ...provider,
    async createOrder(request) {
      await cancelOrder(fixture.ctx, fixture.staff, order.id)
      return await provider.createOrder(request)
    },
  }
  t.equal(await refusal(startPayment(fixture.ctx, slow, guest.principal, order.id)), 'order_cancelled')
  t.equal(await fixture.db.payment.count(), 0)
})

t.test('if the provider fails, nothing is stored', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const order = await fixture.order({ guest })
  fixture.events.length = 0
  const down: PaymentProvider = {
    ...provider,
    createOrder: () => Promise.reject(new DomainError(503, 'payment_provider_unavailable', 'Down.')),
  }
  t.equal(
    await refusal(startPayment(fixture.ctx, down, guest.principal, order.id)),
    'payment_provider_unavailable',
  )
  t.same([await fixture.db.payment.count(), fixture.events.length], [0, 0])
})
