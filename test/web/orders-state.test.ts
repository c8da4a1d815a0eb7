import fc from 'fast-check'
import t from 'tap'
import type { OrderStatus, OrderView, PaymentStatus } from '../../src/protocol/views.js'
import { isLive } from '../../web/live/order-facts.js'
import { applyOrderPage, NO_ORDER } from '../../web/live/order-state.js'
import {
  applyOrders,
  dueSince,
  isRestorable,
  itemTotals,
  NO_ORDERS,
  type OrdersState,
  oldestFirst,
  urgency,
} from '../../web/live/orders-state.js'

const AT = '2026-11-23T20:00:00.000Z'

function order(id: number, changes: Partial<OrderView> = {}): OrderView {
  return {
    id,
    theatreId: 1,
    theatreName: 'Grand Cinema',
    seat: { id, name: `A${id}`, hall: 'Screen 1' },
    status: 'placed',
    paymentStatus: 'pending',
    paymentMethod: 'online',
    items: [{ menuItemId: 1, name: 'Popcorn', options: [], quantity: 2, unitPrice: 25_000 }],
    note: null,
    total: 50_000,
    refundedAmount: 0,
    dueBack: 0,
    createdAt: AT,
    confirmedAt: null,
    seenAt: null,
    deliveredAt: null,
    cancelledAt: null,
    version: 1,
    ...changes,
  }
}

const see = (state: OrdersState, next: OrderView): OrdersState =>
  applyOrders(state, { type: 'order', order: next })
const snapshot = (orders: OrderView[], theatreId = 1): OrdersState =>
  applyOrders(NO_ORDERS, { type: 'snapshot', theatreId, orders })

t.test('snapshot + events = a fresh snapshot, for every history of orders', async () => {
  const histories: { status: OrderStatus; paymentStatus: PaymentStatus }[][] = [
    [
      { status: 'placed', paymentStatus: 'pending' },
      { status: 'placed', paymentStatus: 'failed' },
      { status: 'placed', paymentStatus: 'pending' },
      { status: 'placed', paymentStatus: 'paid' },
      { status: 'confirmed', paymentStatus: 'paid' },
      { status: 'seen', paymentStatus: 'paid' },
      { status: 'delivered', paymentStatus: 'paid' },
    ],
    [
      { status: 'placed', paymentStatus: 'pending' },
      { status: 'cancelled', paymentStatus: 'pending' },
      { status: 'cancelled', paymentStatus: 'paid' },
      { status: 'cancelled', paymentStatus: 'refunded' },
    ],
    [
      { status: 'confirmed', paymentStatus: 'pending' },
      { status: 'seen', paymentStatus: 'pending' },
      { status: 'seen', paymentStatus: 'paid' },
      { status: 'delivered', paymentStatus: 'paid' },
      { status: 'seen', paymentStatus: 'paid' },
      { status: 'cancelled', paymentStatus: 'paid' },
    ],
  ]
  const picks = fc.array(fc.nat({ max: 5 }), { maxLength: 40 })
  fc.assert(
    fc.property(picks, fc.nat(), (ids, cut) => {
      const steps = [0, 0, 0, 0, 0, 0]
      const events: OrderView[] = []
      for (const id of ids) {
        const step = histories[id % histories.length]?.[steps[id] ?? 0]
        steps[id] = (steps[id] ?? 0) + 1
        if (step) events.push(order(id + 1, { ...step, version: steps[id] ?? 0 }))
      }
      const truth = new Map<number, OrderView>()
      const split = cut % (events.length + 1)
      let state = NO_ORDERS
      events.forEach((event, index) => {
        if (index === split) state = snapshot([...truth.values()].filter(isLive))
        truth.set(event.id, event)
        if (index >= split) state = see(state, event)
      })
      if (split === events.length) state = snapshot([...truth.values()].filter(isLive))
      const live = [...truth.values()].filter(isLive)
      const byId = (a: OrderView, b: OrderView): number => a.id - b.id
      return JSON.stringify([...state.live.values()].sort(byId)) === JSON.stringify(live.sort(byId))
    }),
  )
})

t.test('the answer to a call and its event give the same result in either order', async (t) => {
  const before = snapshot([order(1, { status: 'confirmed', paymentStatus: 'paid' })])
  const seen = order(1, { status: 'seen', paymentStatus: 'paid', version: 2 })
  const delivered = order(1, { status: 'delivered', paymentStatus: 'paid', deliveredAt: AT, version: 3 })
  const state = see(see(before, delivered), seen)
  t.equal(state.live.size, 0, 'an ended order does not become live again')
  t.same(state.ended, [delivered])
  t.same(see(state, delivered).ended, [delivered], 'applied twice, listed once')
})

t.test('a restored order is live again, and no longer among those that ended', async (t) => {
  const delivered = order(1, { status: 'delivered', deliveredAt: AT, version: 3 })
  const restored = order(1, { status: 'seen', version: 4 })
  const ended = see(snapshot([order(1)]), delivered)
  for (const state of [
    see(ended, restored),
    applyOrders(ended, { type: 'snapshot', theatreId: 1, orders: [restored] }),
  ]) {
    t.same([...state.live.values()], [restored])
    t.same(state.ended, [])
    t.same(see(state, delivered), state, 'an event from before changes nothing')
  }
})

t.test('a snapshot replaces the orders of one theatre; leaving its group removes them', async (t) => {
  const both = applyOrders(snapshot([order(1)]), {
    type: 'snapshot',
    theatreId: 2,
    orders: [order(2, { theatreId: 2 })],
  })
  t.same([...both.live.keys()], [1, 2])
  const fresh = applyOrders(both, { type: 'snapshot', theatreId: 1, orders: [order(3)] })
  t.same([...fresh.live.keys()].sort(), [2, 3])
  t.same([...applyOrders(fresh, { type: 'left', theatreId: 2 }).live.keys()], [3])
})

t.test('ended orders: newest first, at most thirty, but all of the last ten minutes', async (t) => {
  let state = NO_ORDERS
  for (let id = 1; id <= 40; id += 1) {
    const at = new Date(Date.parse(AT) + id * 60_000).toISOString()
    state = see(state, order(id, { status: 'delivered', deliveredAt: at }))
  }
  t.equal(state.ended.length, 30)
  t.equal(state.ended[0]?.id, 40)
  const burst = Array.from({ length: 40 }, (_, at) =>
    order(100 + at, {
      status: 'delivered',
      deliveredAt: new Date(Date.parse(AT) + 3_600_000 + at).toISOString(),
    }),
  )
  t.equal(burst.reduce(see, state).ended.length, 40)
  const more = applyOrders(state, { type: 'ended', orders: [order(99), order(40, { status: 'delivered' })] })
  t.equal(more.ended.length, 30, 'live orders in that answer are ignored')
})

t.test('oldest first, by the start of the wait', async (t) => {
  const late = order(1, { confirmedAt: '2026-11-23T20:09:00.000Z' })
  const early = order(2, { createdAt: '2026-11-23T20:05:00.000Z' })
  t.same(
    oldestFirst([late, early]).map(({ id }) => id),
    [2, 1],
  )
})

t.test('item totals over all orders', async (t) => {
  const cola = { menuItemId: 2, name: 'Cola', options: [], quantity: 5, unitPrice: 1 }
  const items = [cola, { ...cola, menuItemId: 1, name: 'Popcorn', quantity: 1 }]
  t.same(itemTotals([order(1), order(2, { items })]), [
    { menuItemId: 2, name: 'Cola', quantity: 5 },
    { menuItemId: 1, name: 'Popcorn', quantity: 3 },
  ])
})

t.test('urgent when min_time is left, overdue at max_time', async (t) => {
  const confirmed = order(1, { confirmedAt: AT })
  const limits = { maxTime: 15, minTime: 5 }
  const after = (minutes: number): string =>
    urgency(confirmed, dueSince(confirmed) + minutes * 60_000, limits)
  t.same(
    [after(-1), after(9.99), after(10), after(14.99), after(15)],
    ['calm', 'calm', 'soon', 'soon', 'late'],
  )
})

t.test("a customer's order never moves backwards, and lists each message once", async (t) => {
  const message = (id: number) => ({ id, from: 'staff' as const, text: 'hi', at: AT, clientId: `c${id}` })
  const paid = order(1, { version: 2, status: 'confirmed', paymentStatus: 'paid' })
  let state = applyOrderPage(NO_ORDER, { type: 'snapshot', order: paid, messages: [message(2)] })
  state = applyOrderPage(state, { type: 'order', order: order(1, { paymentStatus: 'failed' }) })
  state = applyOrderPage(state, { type: 'messages', messages: [message(1), message(2), message(3)] })
  t.same(state.order, paid)
  t.same(
    state.messages.map(({ id }) => id),
    [1, 2, 3],
  )
  t.same(applyOrderPage(state, { type: 'left' }), NO_ORDER)
})

t.test('what is owed stays in its list, however many orders end later', async (t) => {
  const minutes = (count: number): string => new Date(Date.parse(AT) + count * 60_000).toISOString()
  const owed = [
    order(1, {
      status: 'cancelled',
      paymentStatus: 'paid',
      dueBack: 50_000,
      confirmedAt: AT,
      cancelledAt: AT,
    }),
    order(2, { status: 'delivered', paymentMethod: 'cash', confirmedAt: AT, deliveredAt: AT }),
  ]
  const settled = order(3, { status: 'delivered', paymentStatus: 'paid', deliveredAt: AT })
  const later = Array.from({ length: 40 }, (_, at) =>
    order(10 + at, { status: 'delivered', paymentStatus: 'paid', deliveredAt: minutes(at + 1) }),
  )
  const state = [...owed, settled, ...later].reduce(see, NO_ORDERS)
  t.strictSame([...state.owed.keys()], [1, 2])
  t.equal(
    state.ended.some(({ id }) => id < 10),
    false,
    'the list of those that ended is short',
  )
})

t.test('several refunds of one order: an older event changes nothing', async (t) => {
  const refunded = (version: number, refundedAmount: number) =>
    order(1, { version, status: 'delivered', paymentStatus: 'partially_refunded', refundedAmount })
  const { ended } = [refunded(5, 2000), refunded(4, 1000)].reduce(see, NO_ORDERS)
  t.equal(ended[0]?.refundedAmount, 2000)
})

t.test(
  'the service’s list of what is owed is complete, but may be older than what the page has seen',
  async (t) => {
    const cash = (id: number, changes: Partial<OrderView> = {}) =>
      order(id, { status: 'delivered', paymentMethod: 'cash', confirmedAt: AT, deliveredAt: AT, ...changes })
    const collected = cash(1, { version: 5, paymentStatus: 'paid' })
    const underReview = order(4, { paymentStatus: 'failed' })
    let state = [collected, cash(2)].reduce(see, NO_ORDERS)
    state = applyOrders(state, { type: 'owed', theatreId: 1, orders: [cash(1), cash(3), underReview] })
    t.strictSame([...state.owed.keys()].sort(), [2, 3, 4], 'collected since; delivered since; listed')
    state = see(state, { ...underReview, version: 2 })
    t.ok(state.owed.has(4), 'what is listed for a payment issue stays until it is listed no more')
    state = see(state, cash(3, { version: 2, paymentStatus: 'paid' }))
    state = applyOrders(state, { type: 'owed', theatreId: 1, orders: [] })
    t.strictSame([...state.owed.keys()], [2])
  },
)

t.test('an order that ended is restorable for ten minutes, unless the service cancelled it', async (t) => {
  const after = (minutes: number): number => Date.parse(AT) + minutes * 60_000
  const delivered = order(1, { status: 'delivered', confirmedAt: AT, deliveredAt: AT })
  t.strictSame(
    [9.9, 10].map((minutes) => isRestorable(delivered, after(minutes))),
    [true, false],
  )
  t.equal(isRestorable(order(2, { status: 'cancelled', cancelledAt: AT }), after(1)), false)
  t.equal(isRestorable(order(3, { status: 'confirmed', confirmedAt: AT }), after(1)), false)
})
