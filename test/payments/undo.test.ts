import t, { type Test } from 'tap'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import type { OrderRecord } from '../../src/orders/order-record.js'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { listIssues } from '../../src/payments/payment-issues.js'
import { cancelOrder, undoLastStep } from '../../src/payments/staff-actions.js'
import { createFixture, type Fixture, refusal } from '../helpers/fixture.js'
import { apply, refundOf, startPaying, webhookOf } from './payments.js'

/** All that a step changes, but for the counters. */
const stateOf = ({ version: _, ...order }: OrderRecord) => order
const undo = (fixture: Fixture, id: number, who = fixture.staff) => undoLastStep(fixture.ctx, who, id)

async function cashOrder(fixture: Fixture) {
  const order = await fixture.order({ paymentMethod: 'cash' })
  fixture.events.length = 0
  return order
}

/** Both groups of the order get the event. */
const restored = (t: Test, fixture: Fixture, order: OrderRecord) =>
  t.match(
    fixture.events.splice(0).map(({ name, data }) => ({ name, data: JSON.parse(data) })),
    Array(2).fill({ name: 'order.restored', data: { id: order.id, status: order.status } }),
  )

t.test('takes the last step back, to what the order was before, and goes no step further', async (t) => {
  const fixture = await createFixture(t)
  const { ctx, staff } = fixture
  const cancel: typeof deliverOrder = async (...given) => (await cancelOrder(...given)).order
  for (const end of [deliverOrder, cancel]) {
    for (const isSeen of [false, true]) {
      const placed = await cashOrder(fixture)
      const before = isSeen ? await markSeen(ctx, staff, placed.id) : placed
      await end(ctx, staff, placed.id)
      fixture.events.length = 0
      const { order } = await undo(fixture, placed.id)
      t.same(stateOf(order), stateOf(before))
      restored(t, fixture, order)
      t.same((await undo(fixture, placed.id)).order, order, 'repeating changes nothing')
      t.same(fixture.events, [])
      await end(ctx, staff, placed.id)
    }
  }
})

t.test('refuses what is no step of the staff, is too old, or is not theirs', async (t) => {
  const fixture = await createFixture(t)
  const { ctx, staff, otherStaff, db } = fixture
  const order = await cashOrder(fixture)
  t.equal(await refusal(undo(fixture, order.id)), 'invalid_transition', 'nothing to take back')
  await deliverOrder(ctx, staff, order.id)
  t.equal(await refusal(undo(fixture, order.id, otherStaff)), 'not_found')
  await db.$executeRaw`UPDATE orders SET delivered_at = delivered_at - interval '10 minutes 1 second' WHERE id = ${order.id}::int`
  t.equal(await refusal(undo(fixture, order.id)), 'undo_too_late')
  const unpaid = await fixture.order()
  await db.$executeRaw`UPDATE orders SET created_at = created_at - interval '1 hour' WHERE id = ${unpaid.id}::int`
  t.equal(await cancelUnpaidOrders(ctx, 30), 1)
  t.equal(await refusal(undo(fixture, unpaid.id)), 'invalid_transition', 'the service cancelled it')
})

t.test('a cancellation that is undone closes its refund_due, unless money went back since', async (t) => {
  const fixture = await createFixture(t)
  const { ctx, staff, admin } = fixture
  const { order, payment } = await startPaying(fixture)
  await apply(fixture, webhookOf(payment))
  await cancelOrder(ctx, staff, order.id)
  const open = async () =>
    (await listIssues(fixture.db, admin)).filter(({ resolvedAt }) => resolvedAt === null)
  t.match(await open(), [{ kind: 'refund_due', orderId: order.id }])
  t.match((await undo(fixture, order.id)).order, { status: 'confirmed', paymentStatus: 'paid', dueBack: 0 })
  t.same(await open(), [])
  const { issues } = await cancelOrder(ctx, staff, order.id)
  t.match(issues, [{ kind: 'refund_due' }], 'cancelled again, owed again')
  await apply(fixture, refundOf(payment))
  t.equal(await refusal(undo(fixture, order.id)), 'refund_begun')
})

t.test('of a delivery and its undoing at once one comes first', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 10; round++) {
    const { id } = await cashOrder(fixture)
    const [, undone] = await Promise.all([
      deliverOrder(fixture.ctx, fixture.staff, id),
      refusal(undo(fixture, id)),
    ])
    const { status } = await fixture.db.order.findUniqueOrThrow({ where: { id }, select: { status: true } })
    t.equal(status, undone === 'done' ? 'confirmed' : 'delivered')
  }
})
