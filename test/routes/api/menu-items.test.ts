import t from 'tap'
import type { ManagedItemView, MenuItemView, OrderingView, OrderView } from '../../../src/protocol/views.js'
import { postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startService, type TestService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'

interface Refusal {
  error: string
}

const seatMenu = async (client: HttpClient, seat = 'demo-a1') =>
  (await client.get<{ theatre: OrderingView; menu: MenuItemView[] }>(`/api/seats/${seat}`)).body

async function people({ url }: TestService) {
  const [staff, manager, other, admin] = await Promise.all(
    ['staff', 'manager', 'staff2', 'admin'].map((name) => signIn(url, name)),
  )
  if (!staff || !manager || !other || !admin) throw new Error('somebody is missing')
  return { staff, manager, other, admin, stranger: createClient(url) }
}

const codeOf = async (answer: Promise<{ status: number; body: Refusal }>) => {
  const { status, body } = await answer
  return [status, body?.error]
}

t.test('staff sell an item out, for good, for an hour, till the end of the day or till a time', async (t) => {
  const service = await startService(t, { demo: true })
  const { staff, other, stranger } = await people(service)
  const { menu } = await seatMenu(stranger)
  const id = menu[0]?.id ?? 0
  const path = `/api/menu-items/${id}`
  const change = (body: object) => staff.patch<{ menuItem: ManagedItemView } & Refusal>(path, body)
  const now = Date.now()

  t.match((await change({ available: false })).body.menuItem, { available: false, soldOutUntil: null })
  const hour = (await change({ available: false, until: 'hour' })).body.menuItem.soldOutUntil
  t.ok(Math.abs(Date.parse(hour ?? '') - now - 3_600_000) < 60_000, 'an hour from now')
  const day = (await change({ available: false, until: 'day' })).body.menuItem.soldOutUntil ?? ''
  const inIndia = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Asia/Kolkata' })
  t.equal(inIndia.format(new Date(day)), '00:00:00', 'midnight in the theatre’s time zone')
  t.ok(Date.parse(day) > now && Date.parse(day) <= now + 86_400_000)
  const at = new Date(now + 7_200_000).toISOString()
  t.equal((await change({ available: false, until: at })).body.menuItem.soldOutUntil, at)

  t.same((await staff.get('/api/theatres/1/sold-out')).body, { soldOut: [{ menuItemId: id, until: at }] })
  t.equal((await other.get('/api/theatres/1/sold-out')).status, 403)
  t.same(await codeOf(change({ available: false, until: '2020-01-01T00:00:00Z' })), [
    400,
    'validation_failed',
  ])
  for (const until of ['2099-12-31T23:59:60Z', '0000-01-01T00:00:00Z'])
    t.same(await codeOf(change({ available: false, until })), [400, 'validation_failed'], until)
  t.same(await codeOf(change({ available: true, until: 'hour' })), [400, 'validation_failed'])
  t.same(await codeOf(change({ until: 'hour' })), [400, 'validation_failed'])
  t.same(await codeOf(change({})), [400, 'validation_failed'])
  t.same(await codeOf(change({ available: true, price: 1 })), [403, 'forbidden'])
  t.same(await codeOf(other.patch(path, { available: true })), [404, 'not_found'])
  t.same(await codeOf(stranger.patch(path, { available: true })), [401, 'unauthenticated'])
  t.equal((await seatMenu(stranger)).menu[0]?.available, false)
  await t.rejects(postOrder(createClient(service.url)), /menu_item_unavailable/)

  await service.db.menuItem.update({ where: { id }, data: { soldOutUntil: new Date(now - 1000) } })
  t.equal((await seatMenu(stranger)).menu[0]?.available, true, 'it comes back by itself')
  await postOrder(createClient(service.url))
  t.match((await change({ available: true })).body.menuItem, { available: true, soldOutUntil: null })
})

t.test('while ordering is paused nobody orders, and running orders go on', async (t) => {
  const service = await startService(t, { demo: true })
  const { staff, other, stranger } = await people(service)
  const guest = createClient(service.url)
  const [item] = (await seatMenu(guest)).menu
  const body = { items: [{ menuItemId: item?.id, quantity: 1 }], paymentMethod: 'cash' }
  const headers = { 'idempotency-key': 'before-the-pause' }
  const place = () =>
    guest.post<{ order: OrderView } & Refusal>('/api/seats/demo-a1/orders', body, { headers })
  const { order } = (await place()).body

  t.match((await staff.post('/api/theatres/1/pause')).body, {
    theatre: { id: 1, name: 'Grand Cinema', accepting: false, reopensAt: null, minutes: 30 },
  })
  const another = () => guest.post<Refusal>('/api/seats/demo-a1/orders', body)
  t.same(await codeOf(another()), [409, 'not_accepting_orders'])
  t.match((await seatMenu(guest)).theatre, { accepting: false, reopensAt: null })
  t.equal((await place()).status, 200, 'an order that was made before is answered again')
  t.equal((await staff.post(`/api/orders/${order.id}/deliver`)).status, 200)
  t.match((await seatMenu(guest, 'demo2-a1')).theatre, { accepting: true }, 'the other theatre goes on')

  const { body: timed } = await staff.post<{ theatre: OrderingView }>('/api/theatres/1/pause', {
    minutes: 15,
  })
  t.ok(Math.abs(Date.parse(timed.theatre.reopensAt ?? '') - Date.now() - 900_000) < 60_000)
  t.same((await seatMenu(guest)).theatre.reopensAt, timed.theatre.reopensAt)
  await service.db.theatre.update({ where: { id: 1 }, data: { reopensAt: new Date(Date.now() - 1000) } })
  t.match((await seatMenu(guest)).theatre, { accepting: true, reopensAt: null }, 'the pause ends by itself')
  t.equal((await another()).status, 201)
  await staff.post('/api/theatres/1/pause')
  t.match((await staff.post('/api/theatres/1/resume')).body, { theatre: { accepting: true } })
  t.equal((await staff.post('/api/theatres/1/resume')).status, 200, 'again')
  t.equal((await another()).status, 201)

  for (const minutes of [0, -1, 1.5, 1441, '5'])
    t.equal((await staff.post('/api/theatres/1/pause', { minutes })).status, 400, String(minutes))
  t.same(await codeOf(other.post('/api/theatres/1/pause')), [403, 'forbidden'])
  t.same(await codeOf(stranger.post('/api/theatres/1/resume')), [401, 'unauthenticated'])
})

t.test('how long an order takes: the median of those delivered in the last hour', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const client = createClient(url)
  for (const [seat, minutes, ago] of [
    ['demo-a1', 12, 5],
    ['demo-a2', 7.5, 20],
    ['demo-a3', 40, 30],
    ['demo-a4', 3, 90],
  ] as const) {
    const { id } = await postOrder(client, { seat })
    const deliveredAt = new Date(Date.now() - ago * 60_000)
    const confirmedAt = new Date(deliveredAt.getTime() - minutes * 60_000)
    await db.order.update({
      where: { id },
      data: { status: 'delivered', confirmedAt, seenAt: confirmedAt, deliveredAt },
    })
  }
  t.equal((await seatMenu(client)).theatre.minutes, 12)
  t.equal((await seatMenu(client, 'demo2-a1')).theatre.minutes, 25, 'without any: the time allowed')
})

t.test('managers add, change and remove items; a removed item stays in old orders', async (t) => {
  const service = await startService(t, { demo: true })
  const { staff, manager, other, admin, stranger } = await people(service)
  const options = [{ name: 'Size', min: 1, max: 1, choices: [{ name: 'Large', price: 2000 }] }]
  const given = {
    name: ' Lemon Tea ',
    description: 'Iced',
    category: 'Drinks',
    price: 9000,
    diet: 'vegetarian',
    options,
  }
  const made = await manager.post<{ menuItem: ManagedItemView }>('/api/theatres/1/menu-items', given)
  t.equal(made.status, 201)
  const { menuItem } = made.body
  t.match(menuItem, { ...given, name: 'Lemon Tea', available: true, picture: null, soldOutUntil: null })
  const menuOf = async () =>
    (await manager.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body.menu
  t.same((await menuOf()).at(-1), menuItem, 'it is the last on the menu')
  const path = `/api/menu-items/${menuItem.id}`
  const changes = { name: 'Iced Tea', price: 9500, diet: null, position: 0, category: '', options: [] }
  t.match((await manager.patch(path, changes)).body, { menuItem: changes })
  t.match((await admin.patch(path, { description: 'Cold\nand sweet' })).body, {
    menuItem: { ...changes, description: 'Cold\nand sweet' },
  })
  t.match(
    (await seatMenu(stranger)).menu.find(({ id }) => id === menuItem.id),
    { name: 'Iced Tea', price: 9500 },
  )

  const order = await postOrder(createClient(service.url), { wish: { 'Iced Tea': 2 } })
  t.equal((await manager.delete(path)).status, 204)
  t.notOk((await menuOf()).some(({ id }) => id === menuItem.id))
  t.same(await codeOf(manager.delete(path)), [404, 'not_found'])
  t.same(await codeOf(manager.patch(path, { price: 1 })), [404, 'not_found'])
  const { body } = await staff.get<{ order: OrderView }>(`/api/orders/${order.id}`)
  t.same(body.order.items, order.items)
  const again = await manager.post('/api/theatres/1/menu-items', { name: 'Iced Tea', price: 100 })
  t.equal(again.status, 201, 'its name is free again')
  t.same(await codeOf(manager.post('/api/theatres/1/menu-items', { name: 'Iced Tea', price: 100 })), [
    409,
    'menu_item_exists',
  ])
  const [first] = await menuOf()
  t.same(await codeOf(manager.patch(`/api/menu-items/${first?.id}`, { name: 'Iced Tea' })), [
    409,
    'menu_item_exists',
  ])

  for (const wrong of [
    { name: ' ' },
    { name: 'two\nlines' },
    { name: 'x'.repeat(101) },
    { price: 0 },
    { price: 1.5 },
    { price: 10_000_001 },
    { diet: 'vegan' },
    { position: -1 },
    { options: [{ name: 'A', min: 0, max: 1, choices: [] }] },
    { options: [{ name: 'A', min: 2, max: 1, choices: [{ name: 'B', price: 0 }] }] },
    { options: [{ name: 'A', min: 2, max: 2, choices: [{ name: 'B', price: 0 }] }] },
    { options: [{ name: 'A', min: 0, max: 1, choices: [{ name: 'B', price: -1 }] }] },
    { options: [options[0], options[0]] },
    { listed: false },
    { theatreId: 2 },
  ]) {
    const answer = codeOf(manager.patch(`/api/menu-items/${first?.id}`, wrong))
    t.same(await answer, [400, 'validation_failed'], JSON.stringify(wrong).slice(0, 60))
  }
  for (const client of [staff, other]) {
    t.equal((await client.get('/api/theatres/1/menu')).status, 403)
    t.equal((await client.post('/api/theatres/1/menu-items', { name: 'X', price: 1 })).status, 403)
  }
  t.equal((await staff.delete(`/api/menu-items/${first?.id}`)).status, 403)
  t.equal((await other.delete(`/api/menu-items/${first?.id}`)).status, 404)
  t.equal((await manager.get('/api/theatres/2/menu')).status, 403)
  t.equal((await admin.get('/api/theatres/99/menu')).status, 404)
  t.equal((await stranger.get('/api/theatres/1/menu')).status, 401)
})

t.test('texts of the menu keep no character that disguises them, and names can be seen', async (t) => {
  const service = await startService(t, { demo: true })
  const { manager } = await people(service)
  const add = (body: object) =>
    manager.post<{ menuItem: ManagedItemView } & Refusal>('/api/theatres/1/menu-items', {
      name: 'Tea',
      price: 100,
      ...body,
    })
  const option = (name: string, choice = 'Small') => ({
    options: [{ name, min: 0, max: 1, choices: [{ name: choice, price: 0 }] }],
  })
  const made = await add({
    name: '\u202eMasala\u2066 chai\u200b',
    category: '\u202eHot',
    description: '\u202eWith ginger\n and mint',
    ...option('\u202eSize', '\u2067Small'),
  })
  t.match(made.body.menuItem, {
    name: 'Masala chai',
    category: 'Hot',
    description: 'With ginger\n and mint',
    ...option('Size'),
  })
  const taken = await add({ name: 'Masala\u202e chai' })
  t.equal(taken.body.error, 'menu_item_exists', 'names that look alike are alike')
  const bad: object[] = [
    ...['\u202e', '\u200b', 'a\ud800'].flatMap((name) => [{ name }, option(name), option('Size', name)]),
    { description: '\ud800' },
    { category: '\ud800' },
  ]
  for (const body of bad) t.same(await codeOf(add(body)), [400, 'validation_failed'], JSON.stringify(body))
  const { id } = made.body.menuItem
  for (const body of bad) t.equal((await manager.patch(`/api/menu-items/${id}`, body)).status, 400)
})

t.test('a menu has at most as many items as a theatre’s file may have', async (t) => {
  const service = await startService(t, { demo: true })
  const { manager } = await people(service)
  const { menu } = await seatMenu(manager)
  const data = Array.from({ length: 999 - menu.length }, (_, i) => ({
    theatreId: 1,
    name: `Item ${i}`,
    price: 100,
  }))
  await service.db.menuItem.createMany({ data })
  const add = (name: string) =>
    manager.post<{ menuItem: ManagedItemView } & Refusal>('/api/theatres/1/menu-items', { name, price: 100 })
  const last = await add('The last')
  t.equal(last.status, 201)
  t.same(await codeOf(add('One more')), [409, 'menu_full'])
  await manager.delete(`/api/menu-items/${last.body.menuItem.id}`)
  t.equal((await add('One more')).status, 201, 'a removed item makes room')
})

t.test('many changes of one menu at once: each is made, or refused with a code', async (t) => {
  const service = await startService(t, { demo: true })
  const { staff, manager } = await people(service)
  const ids = (await seatMenu(staff)).menu.map(({ id }) => id).slice(0, 4)
  const work = Array.from({ length: 48 }, (_, i) => {
    const path = `/api/menu-items/${ids[i % ids.length]}`
    if (i % 3 === 0) return staff.patch(path, { available: i % 2 === 0 })
    if (i % 3 === 1) return manager.patch(path, { name: `Name ${i % 5}`, position: i })
    return manager.post('/api/theatres/1/menu-items', { name: `Name ${i % 7}`, price: 100 + i })
  })
  const statuses = new Set((await Promise.all(work)).map(({ status }) => status))
  t.same([...statuses].sort(), [200, 201, 409])
  const names = (await seatMenu(staff)).menu.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
})
