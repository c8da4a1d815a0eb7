import t from 'tap'
import type { OrderView } from '../../../src/protocol/views.js'
import { firstMenuItem, postOrder } from '../../helpers/customers.js'
import { createClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'

t.test('a seat: its hall, theatre and menu; an unknown token is 404', async (t) => {
  const service = await startService(t, { demo: true })
  const { id: own } = await firstMenuItem(service.db)
  const browser = createClient(service.url)
  await service.db.menuItem.update({ where: { id: own }, data: { available: false } })
  const hidden = await service.db.menuItem.create({
    data: { theatreId: 1, name: 'Gone', price: 100, listed: false },
  })
  const { status, body } = await browser.get<{ menu: { id: number; available: boolean }[] }>(
    '/api/seats/demo-c7',
  )
  t.equal(status, 200)
  t.match(body, {
    seat: { id: Number, name: 'C7', hall: 'Screen 1' },
    theatre: {
      id: 1,
      name: 'Grand Cinema',
      timeZone: 'Asia/Kolkata',
      accepting: true,
      reopensAt: null,
      minutes: 30,
    },
  })
  const fields = ['id', 'name', 'description', 'category', 'price', 'diet', 'available', 'picture', 'options']
  t.same(Object.keys(body.menu[0] ?? {}), fields)
  t.equal(body.menu.find(({ id }) => id === own)?.available, false)
  t.notOk(body.menu.some(({ id }) => id === hidden.id))
  t.same([...browser.cookies], [], 'looking makes no session')
  for (const token of [
    'none',
    'DEMO-A1',
    'demo-a1%00',
    '%F0%9F%8D%BF',
    `${'x'.repeat(120)}`,
    'demo-a1%27--',
  ]) {
    const answer = await browser.get<{ error: string }>(`/api/seats/${token}`)
    t.same([answer.status, answer.body.error], [404, 'not_found'], token)
    t.equal((await browser.post(`/api/seats/${token}/orders`, wanted(own))).status, 404)
  }
  t.same([...browser.cookies], [])
})

const wanted = (menuItemId: number, change: object = {}) => ({
  items: [{ menuItemId, quantity: 1 }],
  paymentMethod: 'online',
  ...change,
})

t.test('the first order creates a guest; the same browser lists its orders', async (t) => {
  const service = await startService(t, { demo: true })
  const { price: ownPrice } = await firstMenuItem(service.db)
  const browser = createClient(service.url)
  const first = await postOrder(browser, { phone: '+91 98765 43210', paymentMethod: 'online' })
  t.match(first, {
    theatreId: 1,
    theatreName: 'Grand Cinema',
    seat: { name: 'A1', hall: 'Screen 1' },
    status: 'placed',
    paymentStatus: 'pending',
    paymentMethod: 'online',
    total: ownPrice,
    confirmedAt: null,
  })
  t.equal(first.createdAt, new Date(first.createdAt).toISOString())
  t.equal(browser.cookies.size, 1)
  const second = await postOrder(browser, { paymentMethod: 'cash' })
  t.equal(second.status, 'confirmed')
  const { body } = await browser.get<{ orders: OrderView[] }>('/api/orders?mine=1')
  t.same(body.orders, [second, first])
  t.equal(await service.db.user.count({ where: { passwordHash: null } }), 1, 'one guest')
  t.notMatch(service.logs.text, '98765', 'no log line contains a phone number')
  t.equal((await createClient(service.url).get('/api/orders?mine=1')).status, 401)
  t.equal((await browser.get('/api/orders')).status, 400)
  t.equal((await browser.get('/api/orders?mine=2')).status, 400)
})

t.test('invalid carts are refused', async (t) => {
  const service = await startService(t, { demo: true })
  const { id: own } = await firstMenuItem(service.db)
  const browser = createClient(service.url)
  const { id: other } = await firstMenuItem(service.db, 2)
  const line = (quantity: unknown, menuItemId: unknown = own) => ({ items: [{ menuItemId, quantity }] })
  const bad: [object, string][] = [
    [line(0), 'validation_failed'],
    [line(-1), 'validation_failed'],
    [line(1.5), 'validation_failed'],
    [line(1e9), 'validation_failed'],
    [line('1'), 'validation_failed'],
    [line(true), 'validation_failed'],
    [line(null), 'validation_failed'],
    [line([1]), 'validation_failed'],
    [line({ not: 0 }), 'validation_failed'],
    [line(100), 'validation_failed'],
    [line(1, 0), 'validation_failed'],
    [line(1, 1.5), 'validation_failed'],
    [line(1, String(own)), 'validation_failed'],
    [line(1, { not: 0 }), 'validation_failed'],
    [line(1, 2147483648), 'validation_failed'],
    [line(1, 2147483647), 'unknown_menu_item'],
    [line(1, other), 'unknown_menu_item'],
    [{ items: [] }, 'validation_failed'],
    [{ items: {} }, 'validation_failed'],
    [{ items: null }, 'validation_failed'],
    [{ items: Array.from({ length: 1000 }, () => ({ menuItemId: own, quantity: 1 })) }, 'validation_failed'],
    [{ items: Array.from({ length: 2 }, () => ({ menuItemId: own, quantity: 50 })) }, 'validation_failed'],
    [{ paymentMethod: 'card' }, 'validation_failed'],
    [{ paymentMethod: undefined }, 'validation_failed'],
    [{ phone: 12345 }, 'validation_failed'],
    [{ phone: '1234' }, 'validation_failed'],
    [{ phone: '123\u00005678' }, 'validation_failed'],
    [{ phone: 'call me maybe' }, 'validation_failed'],
    [{ phone: '1'.repeat(21) }, 'validation_failed'],
  ]
  for (const [change, error] of bad) {
    const answer = await browser.post<{ error: string; details?: unknown[] }>(
      '/api/seats/demo-a1/orders',
      wanted(own, change),
    )
    t.same([answer.status, answer.body.error], [400, error], JSON.stringify(change).slice(0, 80))
    if (error === 'validation_failed') t.ok(answer.body.details?.length)
  }
  const raws = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"items":[],"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{}}}',
  ]
  for (const raw of raws) {
    const headers = { 'content-type': 'application/json' }
    t.equal((await browser.post('/api/seats/demo-a1/orders', undefined, { raw, headers })).status, 400, raw)
  }
  await service.db.menuItem.update({ where: { id: own }, data: { available: false } })
  const soldOut = await browser.post<{ error: string }>('/api/seats/demo-a1/orders', wanted(own))
  t.same([soldOut.status, soldOut.body.error], [409, 'menu_item_unavailable'])
  t.equal(await service.db.order.count(), 0)
})

t.test('Idempotency-Key', async (t) => {
  const service = await startService(t, { demo: true })
  const { id: own } = await firstMenuItem(service.db)
  const browser = createClient(service.url)
  await browser.post('/api/auth/guest', {})
  const send = (body: object, key: string, client = browser) =>
    client.post<{ order: OrderView; error: string }>('/api/seats/demo-a1/orders', body, {
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    })
  const body = wanted(own)
  const twins = await Promise.all([1, 2, 3, 4].map(() => send(body, 'k1')))
  t.same(twins.map(({ status }) => status).toSorted(), [200, 200, 200, 201])
  t.equal(new Set(twins.map(({ body }) => body.order.id)).size, 1)
  const replay = await send(body, 'k1')
  t.same([replay.status, replay.body.order], [200, twins[0]?.body.order])
  const other = await send(wanted(own, { paymentMethod: 'cash' }), 'k1')
  t.same([other.status, other.body.error], [422, 'idempotency_key_reused'])
  t.same(other.body.order, replay.body.order, 'with the order that was made')
  const elsewhere = await browser.post<{ error: string }>('/api/seats/demo-a2/orders', body, {
    headers: { 'idempotency-key': 'k1', 'content-type': 'application/json' },
  })
  t.equal(elsewhere.status, 422)
  t.equal((await send(body, 'k2')).status, 201)
  t.equal((await send(body, 'k1', createClient(service.url))).status, 201, 'keys are per session')
  for (const key of ['', 'a b', 'x'.repeat(256)]) t.equal((await send(body, key)).status, 400)
  t.equal((await send(body, 'x'.repeat(255))).status, 201)
})

t.test('nobody owes more than the button said', async (t) => {
  const service = await startService(t, { demo: true })
  const { id: own, price } = await firstMenuItem(service.db)
  const browser = createClient(service.url)
  interface Changed {
    error: string
    message: string
    total: number
    menu: { id: number; price: number }[]
    order: OrderView
  }
  const send = (expectedTotal: unknown, key: string) =>
    browser.post<Changed>('/api/seats/demo-a1/orders', wanted(own, { expectedTotal }), {
      headers: { 'idempotency-key': key },
    })
  const order = await send(price, 'k1')
  t.match([order.status, order.body.order], [201, { total: price }])
  await service.db.menuItem.update({ where: { id: own }, data: { price: price + 100 } })
  const changed = await send(price, 'k2')
  t.match(
    [changed.status, changed.body],
    [409, { error: 'price_changed', message: String, total: price + 100 }],
  )
  t.equal(changed.body.menu.find(({ id }) => id === own)?.price, price + 100)
  t.equal(await service.db.order.count(), 1)
  t.equal((await send(price + 99, 'k2')).status, 409, 'less is another total too')
  t.same((await send(price, 'k1')).body.order, order.body.order, 'what was ordered before stays at its price')
  const again = await send(price + 100, 'k1')
  t.match(
    [again.status, again.body.error, again.body.order],
    [422, 'idempotency_key_reused', order.body.order],
  )
  t.match([(await send(price + 100, 'k2')).status, await service.db.order.count()], [201, 2])
  for (const bad of [-1, 1.5, '18000', null]) t.equal((await send(bad, 'k3')).status, 400)
})

t.test('prices, totals and owners sent by a client are ignored', async (t) => {
  const service = await startService(t, { demo: true })
  const { id: own, price: ownPrice } = await firstMenuItem(service.db)
  const answer = await createClient(service.url).post<{ order: OrderView }>('/api/seats/demo-a1/orders', {
    items: [{ menuItemId: own, quantity: 2, price: 1, unitPrice: 1, name: 'Free' }],
    paymentMethod: 'cash',
    total: 1,
    theatreId: 2,
    customerId: 1,
    status: 'delivered',
  })
  t.equal(answer.status, 201)
  t.match(answer.body.order, {
    total: 2 * ownPrice,
    theatreId: 1,
    status: 'confirmed',
    items: [{ menuItemId: own, unitPrice: ownPrice, quantity: 2 }],
  })
  t.not(answer.body.order.items[0]?.name, 'Free')
})
