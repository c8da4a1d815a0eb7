import t, { type Test } from 'tap'
import { deliverOrder, markSeen } from '../../src/orders/order-actions.js'
import { OPEN_ORDERS, placeOrder } from '../../src/orders/place-order.js'
import { cancelOrder, collectCash } from '../../src/payments/staff-actions.js'
import { firstMenuItem } from '../helpers/customers.js'
import { createFixture, type Guest, refusal } from '../helpers/fixture.js'
import { createClient } from '../helpers/http-client.js'
import { assertConnectionsLeft } from '../helpers/lock-waits.js'
import { startNode } from '../helpers/service.js'

async function setUp(t: Test) {
  const fixture = await createFixture(t)
  const [menuItemId = 0] = await fixture.menu()
  const wanted = {
    items: [{ menuItemId, quantity: 1 }],
    paymentMethod: 'cash' as const,
    phone: null,
    idempotencyKey: null,
  }
  const order = async (seat: string, guest?: Guest) =>
    placeOrder(fixture.ctx, (guest ?? (await fixture.guest())).orderer, seat, wanted)
  return { fixture, order }
}

/** How many orders are placed, one after the other, until one is refused. */
async function placeUntilRefused(place: (nth: number) => Promise<unknown>): Promise<[number, string]> {
  for (let placed = 0; ; placed++) {
    const code = await refusal(place(placed))
    if (code !== 'done') return [placed, code]
  }
}

t.test('five orders of a seat may be unpaid or unseen, whoever makes them', async (t) => {
  const { fixture, order } = await setUp(t)
  const { ctx, staff } = fixture
  const first = (await order('demo-a1')).order.id
  t.same(await placeUntilRefused(() => order('demo-a1')), [OPEN_ORDERS.seat - 1, 'too_many_open_orders'])
  t.equal(await fixture.db.order.count(), OPEN_ORDERS.seat)
  await order('demo-a2')
  const fails = async (why: string) => t.equal(await refusal(order('demo-a1')), 'too_many_open_orders', why)
  await markSeen(ctx, staff, first)
  await fails('seen but unpaid')
  await collectCash(ctx, staff, first)
  const second = (await order('demo-a1')).order.id
  await fails('full again')
  await deliverOrder(ctx, staff, second)
  const third = (await order('demo-a1')).order.id
  await cancelOrder(ctx, staff, third)
  await order('demo-a1')
  await fails('full again')
})

t.test('ten of a session, at whatever seats', async (t) => {
  const { fixture, order } = await setUp(t)
  const guest = await fixture.guest()
  const seatOf = (nth: number) => `demo-${'abc'[Math.floor(nth / 4)]}${(nth % 4) + 1}`
  t.same(await placeUntilRefused((nth) => order(seatOf(nth), guest)), [
    OPEN_ORDERS.session,
    'too_many_open_orders',
  ])
  await order(seatOf(OPEN_ORDERS.session))
})

t.test('concurrent orders don’t exceed the limits', async (t) => {
  const { fixture, order } = await setUp(t)
  const placed = async (orders: Promise<unknown>[]) =>
    (await Promise.allSettled(orders)).filter(({ status }) => status === 'fulfilled').length
  t.equal(await placed(Array.from({ length: 20 }, () => order('demo-b1'))), OPEN_ORDERS.seat)
  const guest = await fixture.guest()
  const seats = Array.from({ length: 20 }, (_, i) => `demo-${'cd'[i % 2]}${(i % 10) + 1}`)
  t.equal(await placed(seats.map((seat) => order(seat, guest))), OPEN_ORDERS.session)
})

t.test('orders that wait for a seat hold no connection that other requests need', async (t) => {
  const { url, db } = await startNode(t)
  const { id: menuItemId } = await firstMenuItem(db)
  const order = { items: [{ menuItemId, quantity: 1 }], paymentMethod: 'cash' }
  // more than the node has connections
  const guests = Array.from({ length: 12 }, () => createClient(url))
  for (const guest of guests) await guest.post('/api/auth/guest', {})
  const waiting = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM seats WHERE token = 'demo-a1' FOR UPDATE`
    const answers = guests.map((guest) => guest.post('/api/seats/demo-a1/orders', order))
    await assertConnectionsLeft(t, db, url, '/api/seats/demo-a2')
    return answers
  })
  await Promise.all(waiting)
})
