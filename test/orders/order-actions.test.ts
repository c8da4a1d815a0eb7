import t from 'tap'
import { cancelOrder, collectCash, deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import type { OrderRecord } from '../../src/orders/order-record.js'
import type { OrderStatus, PaymentStatus } from '../../src/protocol/views.js'
import { createWorld, refusal, type World } from './world.js'

const STEPS = { markSeen, deliverOrder, cancelOrder, collectCash }
type StepName = keyof typeof STEPS

/** An order brought to a state by the real steps. */
async function orderIn(
  world: World,
  status: OrderStatus,
  method: 'online' | 'cash' = 'cash',
): Promise<OrderRecord> {
  const order = await world.order({ paymentMethod: method })
  if (method === 'online' && status !== 'placed' && status !== 'cancelled') {
    await world.db.order.update({
      where: { id: order.id },
      data: { status: 'confirmed', confirmedAt: new Date(), paymentStatus: 'paid' },
    })
  }
  if (status === 'seen') await markSeen(world.ctx, world.staff, order.id)
  if (status === 'delivered') await deliverOrder(world.ctx, world.staff, order.id)
  if (status === 'cancelled') await cancelOrder(world.ctx, world.staff, order.id)
  world.events.length = 0
  return order
}

// [state, step, state after (null: refused), event (null: the step was done before)]
const TABLE: [OrderStatus, StepName, OrderStatus | null, string | null][] = [
  ['placed', 'markSeen', null, null],
  ['confirmed', 'markSeen', 'seen', 'order.seen'],
  ['seen', 'markSeen', 'seen', null],
  ['delivered', 'markSeen', null, null],
  ['cancelled', 'markSeen', null, null],
  ['placed', 'deliverOrder', null, null],
  ['confirmed', 'deliverOrder', 'delivered', 'order.delivered'],
  ['seen', 'deliverOrder', 'delivered', 'order.delivered'],
  ['delivered', 'deliverOrder', 'delivered', null],
  ['cancelled', 'deliverOrder', null, null],
  ['placed', 'cancelOrder', 'cancelled', 'order.cancelled'],
  ['confirmed', 'cancelOrder', 'cancelled', 'order.cancelled'],
  ['seen', 'cancelOrder', 'cancelled', 'order.cancelled'],
  ['delivered', 'cancelOrder', null, null],
  ['cancelled', 'cancelOrder', 'cancelled', null],
]

t.test('the state machine', async (t) => {
  const world = await createWorld(t)
  for (const [from, name, to, event] of TABLE) {
    const order = await orderIn(world, from, from === 'placed' ? 'online' : 'cash')
    const step = STEPS[name](world.ctx, world.staff, order.id)
    if (to === null) {
      t.equal(await refusal(step), 'invalid_transition', `${name} of ${from}`)
      t.same(world.events, [])
      continue
    }
    const after = await step
    t.equal(after.status, to, `${name} of ${from}`)
    const expected = event ? [event, event] : []
    t.same(
      world.events.map((stored) => stored.name),
      expected,
    )
    if (to === 'delivered') t.ok(after.seenAt && after.deliveredAt)
  }
})

t.test('cash is collected once, of cash orders that are not cancelled', async (t) => {
  const world = await createWorld(t)
  const cases: ['online' | 'cash', OrderStatus, PaymentStatus | null][] = [
    ['online', 'placed', null],
    ['online', 'confirmed', null],
    ['cash', 'confirmed', 'paid'],
    ['cash', 'seen', 'paid'],
    ['cash', 'delivered', 'paid'],
    ['cash', 'cancelled', null],
  ]
  for (const [method, status, after] of cases) {
    const { id } = await orderIn(world, status, method)
    const collected = collectCash(world.ctx, world.staff, id)
    if (after === null) {
      t.equal(await refusal(collected), 'invalid_transition', `${method} ${status}`)
      continue
    }
    t.equal((await collected).paymentStatus, after)
    t.same(
      world.events.map(({ name }) => name),
      ['payment.paid', 'payment.paid'],
    )
    world.events.length = 0
    t.equal((await collectCash(world.ctx, world.staff, id)).status, status)
    t.same(world.events, [], 'once')
  }
})

t.test('another theatre’s staff and customers: as for an order that does not exist', async (t) => {
  const world = await createWorld(t)
  const guest = await world.guest()
  const { id } = await world.order({ guest, paymentMethod: 'cash' })
  world.events.length = 0
  for (const step of Object.values(STEPS)) {
    for (const principal of [world.otherStaff, guest.principal, { ...world.staff, theatres: [] }]) {
      t.equal(await refusal(step(world.ctx, principal, id)), 'not_found')
    }
    t.equal(await refusal(step(world.ctx, world.staff, 2_147_483_647)), 'not_found')
  }
  t.same(world.events, [])
  t.equal((await markSeen(world.ctx, world.admin, id)).status, 'seen')
})

t.test('deliver and cancel at once: one of them; the same step at once: done, told once', async (t) => {
  const world = await createWorld(t)
  for (let round = 0; round < 20; round++) {
    const { id } = await orderIn(world, 'confirmed')
    const outcomes = await Promise.all(
      [deliverOrder, cancelOrder, deliverOrder, cancelOrder].map((step) =>
        refusal(step(world.ctx, world.staff, id)),
      ),
    )
    t.same(outcomes.toSorted(), ['done', 'done', 'invalid_transition', 'invalid_transition'])
    t.equal(world.events.length, 2)
    const stored = await world.db.order.findUniqueOrThrow({ where: { id } })
    t.equal(world.events[0]?.name, `order.${stored.status}`)
  }
})
