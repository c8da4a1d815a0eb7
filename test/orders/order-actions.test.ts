import t from 'tap'
import type { ActionContext } from '../../src/events/commit.js'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import type { OrderRecord } from '../../src/orders/order-record.js'
import * as money from '../../src/payments/staff-actions.js'
import type { Principal } from '../../src/principal.js'
import type { OrderStatus, PaymentStatus } from '../../src/protocol/views.js'
import { createFixture, type Fixture, refusal } from '../helpers/fixture.js'

const orderOf =
  (action: typeof money.cancelOrder) => async (ctx: ActionContext, principal: Principal, id: number) =>
    (await action(ctx, principal, id)).order
const cancelOrder = orderOf(money.cancelOrder)
const collectCash = orderOf(money.collectCash)

const ACTIONS = { markSeen, deliverOrder, cancelOrder, collectCash }
type ActionName = keyof typeof ACTIONS

/** An order brought to a state by the real actions. */
async function orderIn(
  fixture: Fixture,
  status: OrderStatus,
  method: 'online' | 'cash' = 'cash',
): Promise<OrderRecord> {
  const order = await fixture.order({ paymentMethod: method })
  if (method === 'online' && status !== 'placed' && status !== 'cancelled') {
    await fixture.db.order.update({
      where: { id: order.id },
      data: { status: 'confirmed', confirmedAt: new Date(), paymentStatus: 'paid' },
    })
  }
  if (status === 'seen') await markSeen(fixture.ctx, fixture.staff, order.id)
  if (status === 'delivered') await deliverOrder(fixture.ctx, fixture.staff, order.id)
  if (status === 'cancelled') await cancelOrder(fixture.ctx, fixture.staff, order.id)
  fixture.events.length = 0
  return order
}

// [state, action, state after (null: refused), event (null: already done)]
const TABLE: [OrderStatus, ActionName, OrderStatus | null, string | null][] = [
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

t.test('every action in every state', async (t) => {
  const fixture = await createFixture(t)
  for (const [from, name, to, event] of TABLE) {
    const order = await orderIn(fixture, from, from === 'placed' ? 'online' : 'cash')
    const action = ACTIONS[name](fixture.ctx, fixture.staff, order.id)
    if (to === null) {
      t.equal(await refusal(action), 'invalid_transition', `${name} of ${from}`)
      t.same(fixture.events, [])
      continue
    }
    const after = await action
    t.equal(after.status, to, `${name} of ${from}`)
    const expected = event ? [event, event] : []
    t.same(
      fixture.events.map((stored) => stored.name),
      expected,
    )
    if (to === 'delivered') t.ok(after.seenAt && after.deliveredAt)
  }
})

t.test('cash is collected once, and only for cash orders that are not cancelled', async (t) => {
  const fixture = await createFixture(t)
  const cases: ['online' | 'cash', OrderStatus, PaymentStatus | null][] = [
    ['online', 'placed', null],
    ['online', 'confirmed', null],
    ['cash', 'confirmed', 'paid'],
    ['cash', 'seen', 'paid'],
    ['cash', 'delivered', 'paid'],
    ['cash', 'cancelled', null],
  ]
  for (const [method, status, after] of cases) {
    const { id } = await orderIn(fixture, status, method)
    const collected = collectCash(fixture.ctx, fixture.staff, id)
    if (after === null) {
      t.equal(await refusal(collected), 'invalid_transition', `${method} ${status}`)
      continue
    }
    t.equal((await collected).paymentStatus, after)
    t.same(
      fixture.events.map(({ name }) => name),
      ['payment.paid', 'payment.paid'],
    )
    fixture.events.length = 0
    t.equal((await collectCash(fixture.ctx, fixture.staff, id)).status, status)
    t.same(fixture.events, [], 'repeating it emits no event')
  }
})

t.test('for other theatres’ staff and for customers the order does not exist', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const { id } = await fixture.order({ guest, paymentMethod: 'cash' })
  fixture.events.length = 0
  for (const action of Object.values(ACTIONS)) {
    for (const principal of [fixture.otherStaff, guest.principal, { ...fixture.staff, theatres: [] }]) {
      t.equal(await refusal(action(fixture.ctx, principal, id)), 'not_found')
    }
    t.equal(await refusal(action(fixture.ctx, fixture.staff, 2_147_483_647)), 'not_found')
  }
  t.same(fixture.events, [])
  t.equal((await markSeen(fixture.ctx, fixture.admin, id)).status, 'seen')
})

t.test(
  'of concurrent deliver and cancel one succeeds; concurrent repeats succeed with one event',
  async (t) => {
    const fixture = await createFixture(t)
    for (let round = 0; round < 20; round++) {
      const { id } = await orderIn(fixture, 'confirmed')
      const outcomes = await Promise.all(
        [deliverOrder, cancelOrder, deliverOrder, cancelOrder].map((action) =>
          refusal(action(fixture.ctx, fixture.staff, id)),
        ),
      )
      t.same(outcomes.toSorted(), ['done', 'done', 'invalid_transition', 'invalid_transition'])
      t.equal(fixture.events.length, 2)
      const stored = await fixture.db.order.findUniqueOrThrow({ where: { id } })
      t.equal(fixture.events[0]?.name, `order.${stored.status}`)
    }
  },
)
