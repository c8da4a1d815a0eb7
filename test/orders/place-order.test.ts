import t from 'tap'
import { mergeLines } from '../../src/orders/order-lines.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { placeOrder } from '../../src/orders/place-order.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { createFixture, refusal } from '../helpers/fixture.js'

t.test('names, prices and the total come from the database; repeated lines are summed', async (t) => {
  const fixture = await createFixture(t)
  const [first = 0, second = 0] = await fixture.menu()
  const items = [
    { menuItemId: second, quantity: 2 },
    { menuItemId: first, quantity: 1 },
    { menuItemId: second, quantity: 1 },
  ]
  const order = await fixture.order({ items, phone: '+91 98765-43210' })
  const menu = await fixture.db.menuItem.findMany({
    where: { id: { in: [first, second] } },
    orderBy: { id: 'asc' },
  })
  const [a, b] = menu
  t.same(order.items, [
    { menuItemId: first, name: a?.name, options: [], quantity: 1, unitPrice: a?.price },
    { menuItemId: second, name: b?.name, options: [], quantity: 3, unitPrice: b?.price },
  ])
  t.equal(order.total, (a?.price ?? 0) + 3 * (b?.price ?? 0))
  t.equal(order.status, 'placed')
  t.equal(order.phone, '+919876543210')
  t.notOk(JSON.stringify(viewOrder(order)).includes('98765'), 'views don’t show the phone')
  await fixture.db.menuItem.update({ where: { id: first }, data: { name: 'Other', price: 1 } })
  const again = await fixture.db.orderItem.findFirstOrThrow({
    where: { orderId: order.id, menuItemId: first },
  })
  t.equal(again.unitPrice, a?.price, 'later changes of the menu don’t affect orders')
})

t.test('an online order emits order.placed; a cash order is confirmed at once', async (t) => {
  const fixture = await createFixture(t)
  const online = await fixture.order({ seat: 'demo-b2' })
  t.same(
    fixture.events.map(({ group, name, seq }) => [group, name, seq]),
    [
      ['theatre:1:orders', 'order.placed', 1],
      [`order:${online.id}`, 'order.placed', 1],
    ],
  )
  t.same(JSON.parse(fixture.events[0]?.data ?? ''), viewOrder(online))
  fixture.events.length = 0
  const cash = await fixture.order({ paymentMethod: 'cash' })
  t.same([cash.status, cash.paymentStatus], ['confirmed', 'pending'])
  t.ok(cash.confirmedAt)
  const ofTheatre = fixture.events.filter(({ group }) => group === theatreOrders(1))
  t.same(
    ofTheatre.map(({ name }) => name),
    ['order.placed', 'order.confirmed'],
  )
})

t.test(
  'items that are sold out or not on the theatre’s menu are refused, and nothing is stored',
  async (t) => {
    const fixture = await createFixture(t)
    const [available = 0, soldOut = 0, unlisted = 0] = await fixture.menu()
    const [elsewhere = 0] = await fixture.menu(2)
    await fixture.db.menuItem.update({ where: { id: soldOut }, data: { available: false } })
    await fixture.db.menuItem.update({ where: { id: unlisted }, data: { listed: false } })
    const ordering = (menuItemId: number) =>
      refusal(
        fixture.order({
          items: [
            { menuItemId: available, quantity: 1 },
            { menuItemId, quantity: 1 },
          ],
        }),
      )
    t.equal(await ordering(soldOut), 'menu_item_unavailable')
    t.equal(await ordering(unlisted), 'unknown_menu_item')
    t.equal(await ordering(elsewhere), 'unknown_menu_item')
    t.equal(await ordering(2_147_483_647), 'unknown_menu_item')
    t.equal(await fixture.db.order.count(), 0)
    t.same(fixture.events, [])
  },
)

t.test('carts and phones out of bounds are refused', async (t) => {
  const line = (quantity: number, menuItemId = 1) => ({ menuItemId, quantity })
  for (const items of [
    [],
    [line(0)],
    [line(-1)],
    [line(1.5)],
    [line(1e9)],
    [line(Number.NaN)],
    [line(100)],
    [line(50), line(50)],
    Array.from({ length: 51 }, (_, id) => line(1, id + 1)),
    Array.from({ length: 1000 }, () => line(1)),
  ]) {
    t.throws(() => mergeLines(items), { code: 'validation_failed' }, JSON.stringify(items).slice(0, 60))
  }
  t.same(mergeLines([line(98), line(1)]), [line(99)])
  const fixture = await createFixture(t)
  const menu = await fixture.menu()
  await fixture.db.menuItem.updateMany({ data: { price: 10_000_000, options: [] } })
  const items = menu.map((menuItemId) => ({ menuItemId, quantity: 99 }))
  t.equal(await refusal(fixture.order({ items })), 'order_too_large')
  t.equal(await refusal(fixture.order({ note: 'x'.repeat(201) })), 'validation_failed')
  t.equal(viewOrder(await fixture.order({ note: ' No nuts ' })).note, 'No nuts')
  for (const phone of ['1234', '123456789012345678901', 'call me', '12345\u0000', '12345+']) {
    t.equal(await refusal(fixture.order({ phone })), 'validation_failed', phone)
  }
})

t.test(
  'an idempotency key returns the same order, refuses another body, and is scoped to the session',
  async (t) => {
    const fixture = await createFixture(t)
    const guest = await fixture.guest()
    const [a = 0, b = 0] = await fixture.menu()
    const seat = 'demo-a1'
    const given = {
      items: [
        { menuItemId: a, quantity: 1 },
        { menuItemId: b, quantity: 2 },
      ],
      paymentMethod: 'online' as const,
      phone: null,
      idempotencyKey: 'key-1',
    }
    const first = await placeOrder(fixture.ctx, guest.orderer, seat, given)
    t.equal(first.created, true)
    await fixture.db.menuItem.update({ where: { id: a }, data: { available: false } })
    const reordered = { ...given, items: given.items.toReversed() }
    const again = await placeOrder(fixture.ctx, guest.orderer, seat, reordered)
    t.same(
      [again.created, again.order.id],
      [false, first.order.id],
      'a replay works even if an item is sold out now',
    )
    for (const other of [
      { ...given, items: given.items.slice(1) },
      { ...given, paymentMethod: 'cash' as const },
      { ...given, phone: '12345' },
    ]) {
      t.equal(await refusal(placeOrder(fixture.ctx, guest.orderer, seat, other)), 'idempotency_key_reused')
    }
    const otherSeat = 'demo-a2'
    t.equal(await refusal(placeOrder(fixture.ctx, guest.orderer, otherSeat, given)), 'idempotency_key_reused')
    await fixture.db.menuItem.update({ where: { id: a }, data: { available: true } })
    const stranger = await placeOrder(fixture.ctx, (await fixture.guest()).orderer, seat, given)
    t.not(stranger.order.id, first.order.id)
    for (const idempotencyKey of ['', 'a b', 'ü', 'x'.repeat(256)]) {
      t.equal(
        await refusal(placeOrder(fixture.ctx, guest.orderer, seat, { ...given, idempotencyKey })),
        'validation_failed',
      )
    }
  },
)

t.test('concurrent requests with one key create one order with one set of events', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const guest = await fixture.guest()
    fixture.events.length = 0
    const orders = await Promise.all(
      [1, 2, 3].map(() => fixture.order({ guest, idempotencyKey: `key-${round}` })),
    )
    t.equal(new Set(orders.map(({ id }) => id)).size, 1)
    t.equal(fixture.events.length, 2)
  }
  t.equal(await fixture.db.order.count(), 15)
})

t.test('concurrent orders from one seat are all placed, each with its own id', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 10; round++) {
    const orders = await Promise.all([
      fixture.order(),
      fixture.order(),
      fixture.order({ paymentMethod: 'cash' }),
    ])
    t.equal(new Set(orders.map(({ id }) => id)).size, 3)
  }
  t.equal(await fixture.db.order.count(), 30)
  const seqs = fixture.events
    .filter(({ group }) => group === theatreOrders(1))
    .map(({ seq }) => seq)
    .sort((a, b) => a - b)
  t.same(
    seqs,
    Array.from({ length: 40 }, (_, index) => index + 1),
    'the theatre’s seqs have no gap',
  )
})

t.test('a session that has just ended can’t place an order', async (t) => {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  await fixture.db.session.delete({ where: { id: guest.orderer.sessionId } })
  t.equal(await refusal(fixture.order({ guest, idempotencyKey: 'k' })), 'unauthenticated')
  t.equal(await fixture.db.order.count(), 0)
})

const SIZES = {
  name: 'Size',
  min: 1,
  max: 1,
  choices: [
    { name: 'Small', price: 0 },
    { name: 'Large', price: 5000 },
  ],
}
const EXTRAS = {
  name: 'Extras',
  min: 0,
  max: 2,
  choices: [
    { name: 'Butter', price: 1000 },
    { name: 'Cheese', price: 2000 },
    { name: 'Salt', price: 0 },
  ],
}
const large = { group: 'Size', choice: 'Large' }
const small = { group: 'Size', choice: 'Small' }
const extra = (choice: string) => ({ group: 'Extras', choice })

t.test('options: the menu has their prices; each choice of options is a line of its own', async (t) => {
  const fixture = await createFixture(t)
  const [id = 0] = await fixture.menu()
  await fixture.db.menuItem.update({ where: { id }, data: { price: 10_000, options: [SIZES, EXTRAS] } })
  const line = (quantity: number, ...options: { group: string; choice: string }[]) => ({
    menuItemId: id,
    quantity,
    options,
  })
  const items = [
    line(1, extra('Cheese'), large, extra('Butter')),
    line(2, small),
    line(1, large, extra('Butter'), extra('Cheese')),
  ]
  const guest = await fixture.guest()
  const given = { items, idempotencyKey: 'options', expectedTotal: 56_000, guest }
  const order = await fixture.order(given)
  t.equal(order.total, 2 * 18_000 + 2 * 10_000)
  t.match(
    viewOrder(order).items.map(({ quantity, unitPrice, options }) => ({ quantity, unitPrice, options })),
    [
      {
        quantity: 2,
        unitPrice: 18_000,
        options: [
          { ...large, price: 5000 },
          { ...extra('Butter'), price: 1000 },
          { ...extra('Cheese'), price: 2000 },
        ],
      },
      { quantity: 2, unitPrice: 10_000, options: [{ ...small, price: 0 }] },
    ],
  )
  const again = await fixture.order({ ...given, items: items.toReversed() })
  t.same(viewOrder(again), viewOrder(order), 'the same cart in another order is the same request')
  t.equal(await refusal(fixture.order({ ...given, items: [line(4, small)] })), 'idempotency_key_reused')
  const dearer = { ...SIZES, choices: [{ name: 'Large', price: 9000 }] }
  await fixture.db.menuItem.update({ where: { id }, data: { options: [dearer] } })
  t.equal(await refusal(fixture.order({ items: [line(1, large)], expectedTotal: 15_000 })), 'price_changed')
})

t.test('options that the menu does not have, or too few or too many of them, order nothing', async (t) => {
  const fixture = await createFixture(t)
  const [id = 0, plain = 0] = await fixture.menu()
  await fixture.db.menuItem.update({ where: { id }, data: { options: [SIZES, EXTRAS] } })
  const cases: [object, string][] = [
    [{}, 'wrong_number_of_options'],
    [{ options: [] }, 'wrong_number_of_options'],
    [{ options: [large, small] }, 'wrong_number_of_options'],
    [{ options: [extra('Butter')] }, 'wrong_number_of_options'],
    [{ options: [large, extra('Butter'), extra('Cheese'), extra('Salt')] }, 'wrong_number_of_options'],
    [{ options: [large, { group: 'Size', choice: 'Huge' }] }, 'unknown_option'],
    [{ options: [large, { group: 'size', choice: 'Large' }] }, 'unknown_option'],
    [{ options: [large, large] }, 'validation_failed'],
    [{ menuItemId: plain, options: [large] }, 'unknown_option'],
  ]
  for (const [change, code] of cases) {
    const items = [{ menuItemId: id, quantity: 1, ...change }]
    t.equal(await refusal(fixture.order({ items })), code, JSON.stringify(change))
  }
  t.equal(await fixture.db.order.count(), 0)
})
