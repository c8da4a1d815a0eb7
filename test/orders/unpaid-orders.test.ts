import t from 'tap'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { createFixture } from '../helpers/fixture.js'
import { apply, startPaying, webhookOf } from '../payments/payments.js'

const OLD = new Date(Date.now() - 31 * 60_000)

t.test('cancels old unpaid online orders, each with its events, and no others', async (t) => {
  const fixture = await createFixture(t)
  const { order: paid, payment } = await startPaying(fixture)
  await apply(fixture, webhookOf(payment))
  const { order: failed, payment: failedPayment } = await startPaying(fixture)
  await apply(fixture, webhookOf(failedPayment, { event: 'payment.failed' }))
  const unpaid = await fixture.order({ seat: 'demo-d4' })
  const cash = await fixture.order({ paymentMethod: 'cash' })
  await fixture.db.order.updateMany({ data: { createdAt: OLD } })
  const recent = await fixture.order()
  fixture.events.length = 0
  t.equal(await cancelUnpaidOrders(fixture.ctx, 30), 2)
  const statuses = new Map(
    (await fixture.db.order.findMany()).map(({ id, status, paymentStatus }) => [
      id,
      `${status} ${paymentStatus}`,
    ]),
  )
  t.equal(statuses.get(paid.id), 'confirmed paid')
  t.equal(statuses.get(failed.id), 'cancelled failed')
  t.equal(statuses.get(unpaid.id), 'cancelled pending')
  t.equal(statuses.get(cash.id), 'confirmed pending')
  t.equal(statuses.get(recent.id), 'placed pending')
  t.same(
    fixture.events.map(({ name, group }) => [name, group]),
    [failed, unpaid].flatMap(({ id }) => [
      ['order.cancelled', 'theatre:1:orders'],
      ['order.cancelled', `order:${id}`],
    ]),
  )
  t.equal(await cancelUnpaidOrders(fixture.ctx, 30), 0)
})

t.test('concurrent runs cancel each order once and skip a locked one', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  for (let i = 0; i < 12; i++) await fixture.order({ guest })
  await fixture.db.order.updateMany({ data: { createdAt: OLD } })
  const locked = await fixture.db.order.findFirstOrThrow({ orderBy: { id: 'asc' } })
  fixture.events.length = 0
  await fixture.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${locked.id}::int FOR NO KEY UPDATE`
    const counts = await Promise.all([1, 2].map(() => cancelUnpaidOrders(fixture.ctx, 30)))
    t.equal(
      counts.reduce((sum, count) => sum + count, 0),
      11,
    )
  })
  t.equal(fixture.events.length, 22)
  t.equal(await cancelUnpaidOrders(fixture.ctx, 30), 1)
})

t.test('a capture concurrent with the cancelling is not lost', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const { order, payment } = await startPaying(fixture)
    await fixture.db.order.update({ where: { id: order.id }, data: { createdAt: OLD } })
    const [, { issues }] = await Promise.all([
      cancelUnpaidOrders(fixture.ctx, 30),
      apply(fixture, webhookOf(payment)),
    ])
    const { status, paymentStatus } = await fixture.db.order.findUniqueOrThrow({ where: { id: order.id } })
    t.equal(paymentStatus, 'paid')
    t.equal(status, issues[0]?.kind === 'late_capture' ? 'cancelled' : 'confirmed')
  }
})
