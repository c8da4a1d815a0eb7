import t from 'tap'
import { DomainError } from '../../src/errors.js'
import { readOrder } from '../../src/orders/order-record.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { findCheckout } from '../../src/payments/payment-queries.js'
import type { PaymentProvider } from '../../src/payments/provider.js'
import { cancelOrder } from '../../src/payments/staff-actions.js'
import { createFixture, refusal } from '../helpers/fixture.js'
import { findGaps, findWrongOrders } from './money-invariant.js'
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

t.test('a charge that is reported before its payment is stored pays for its order', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const reported: ((payment: { id: string; amount: number }) => Promise<unknown>)[] = [
    (payment) => apply(fixture, webhookOf(payment)),
    async (payment) => {
      await apply(fixture, webhookOf(payment))
      await apply(fixture, webhookOf(payment, { entity: { id: `pay_second_${payment.id}` } }))
      await apply(fixture, refundOf(payment, { refundId: 'rfnd_1', amount: 1000 }))
    },
    (payment) => apply(fixture, webhookOf(payment, { entity: { amount: payment.amount - 1 } })),
  ]
  const results = []
  for (const report of reported) {
    const order = await fixture.order({ guest })
    fixture.events.length = 0
    const early: PaymentProvider = {
      ...provider,
      async createOrder(request) {
        const created = await provider.createOrder(request)
        await report({ ...created, amount: request.amount })
        return created
      },
    }
    const opened: string[] = []
    const tools = {
      settings: { autoRefund: true },
      onIssue: (issue: { kind: string }) => opened.push(issue.kind),
    }
    const { status } = await startPayment(fixture.ctx, early, guest.principal, order.id, tools)
    const now = await readOrder(fixture.db, order.id)
    const issues = await fixture.db.paymentIssue.findMany({
      where: { orderId: order.id },
      orderBy: { id: 'asc' },
    })
    results.push([
      `${status} ${now.status} ${now.paymentStatus} ${now.dueBack}`,
      issues.map(({ kind, resolvedAt }) => (resolvedAt === null ? kind : `${kind} closed`)).join(', '),
      opened.join(' '),
      await fixture.db.refund.count({ where: { orderId: order.id, status: 'requested' } }),
      fixture.events
        .filter(({ group }) => group === `order:${order.id}`)
        .map(({ name }) => name)
        .join(' '),
    ])
  }
  const paid = 'payment.pending payment.paid order.confirmed'
  t.same(results, [
    ['paid confirmed paid 0', 'unknown_payment closed', '', 0, paid],
    [
      'paid confirmed partially_refunded 18000',
      'unknown_payment closed, unknown_payment closed, second_capture',
      'second_capture',
      1,
      `${paid} payment.refunded`,
    ],
    [
      'paid placed pending 0',
      'unknown_payment closed, amount_mismatch',
      'amount_mismatch',
      0,
      'payment.pending',
    ],
  ])
  t.same(await findGaps(fixture.db), [])
  t.same(await findWrongOrders(fixture.db), [])
})

t.test('a charge that is reported while its payment is being stored pays for its order', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const guest = await fixture.guest()
    const order = await fixture.order({ guest })
    let webhook: Promise<unknown> | undefined
    const racing: PaymentProvider = {
      ...provider,
      async createOrder(request) {
        const created = await provider.createOrder(request)
        webhook = apply(fixture, webhookOf({ ...created, amount: request.amount }))
        return created
      },
    }
    await startPayment(fixture.ctx, racing, guest.principal, order.id)
    await webhook
    t.match(await readOrder(fixture.db, order.id), { status: 'confirmed', paymentStatus: 'paid' })
  }
  t.equal(await fixture.db.paymentIssue.count({ where: { resolvedAt: null } }), 0)
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
