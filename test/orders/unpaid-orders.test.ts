import t from 'tap'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { createWorld } from '../helpers/fixture.js'
import { startPaying, take, webhookOf } from '../payments/payments.js'

const OLD = new Date(Date.now() - 31 * 60_000)

t.test('online orders that stay unpaid are cancelled, each with its events; no other', async (t) => {
  const world = await createWorld(t)
  const { order: paid, payment } = await startPaying(world)
  await take(world, webhookOf(payment))
  const { order: failed, payment: lost } = await startPaying(world)
  await take(world, webhookOf(lost, { event: 'payment.failed' }))
  const unpaid = await world.order({ seat: 'demo-d4' })
  const cash = await world.order({ paymentMethod: 'cash' })
  await world.db.order.updateMany({ data: { createdAt: OLD } })
  const young = await world.order()
  world.events.length = 0
  t.equal(await cancelUnpaidOrders(world.ctx, 30), 2)
  const statuses = new Map(
    (await world.db.order.findMany()).map(({ id, status, paymentStatus }) => [
      id,
      `${status} ${paymentStatus}`,
    ]),
  )
  t.equal(statuses.get(paid.id), 'confirmed paid')
  t.equal(statuses.get(failed.id), 'cancelled failed')
  t.equal(statuses.get(unpaid.id), 'cancelled pending')
  t.equal(statuses.get(cash.id), 'confirmed pending')
  t.equal(statuses.get(young.id), 'placed pending')
  t.same(
    world.events.map(({ name, group }) => [name, group]),
    [failed, unpaid].flatMap(({ id }) => [
      ['order.cancelled', 'theatre:1:orders'],
      ['order.cancelled', `order:${id}`],
    ]),
  )
  t.equal(await cancelUnpaidOrders(world.ctx, 30), 0)
})

t.test('many nodes at once: each order is cancelled once; one that is held is left for later', async (t) => {
  const world = await createWorld(t)
  const guest = await world.guest()
  for (let i = 0; i < 12; i++) await world.order({ guest })
  await world.db.order.updateMany({ data: { createdAt: OLD } })
  const held = await world.db.order.findFirstOrThrow({ orderBy: { id: 'asc' } })
  world.events.length = 0
  await world.db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${held.id}::int FOR NO KEY UPDATE`
    const counts = await Promise.all([1, 2].map(() => cancelUnpaidOrders(world.ctx, 30)))
    t.equal(
      counts.reduce((sum, count) => sum + count, 0),
      11,
    )
  })
  t.equal(world.events.length, 22)
  t.equal(await cancelUnpaidOrders(world.ctx, 30), 1)
})

t.test('a capture that comes while the order is being cancelled is not lost', async (t) => {
  const world = await createWorld(t)
  for (let round = 0; round < 15; round++) {
    const { order, payment } = await startPaying(world)
    await world.db.order.update({ where: { id: order.id }, data: { createdAt: OLD } })
    const [, { alarm }] = await Promise.all([
      cancelUnpaidOrders(world.ctx, 30),
      take(world, webhookOf(payment)),
    ])
    const { status, paymentStatus } = await world.db.order.findUniqueOrThrow({ where: { id: order.id } })
    t.equal(paymentStatus, 'paid')
    t.equal(status, alarm ? 'cancelled' : 'confirmed')
  }
})
