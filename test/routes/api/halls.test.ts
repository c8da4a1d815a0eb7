import t from 'tap'
import type { HallView, TheatreSeatsView } from '../../../src/protocol/views.js'
import { firstMenuItem, postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startNode } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  halls: HallView[]
  hall: HallView
  seat: HallView['seats'][number]
}

const halls = async (client: HttpClient, id = 1) =>
  (await client.get<Body>(`/api/theatres/${id}/halls`)).body.halls
const add = (client: HttpClient, body: object, id: number | string = 1) =>
  client.post<Body>(`/api/theatres/${id}/halls`, body)
const change = (client: HttpClient, id: number | string, body: object) =>
  client.patch<Body>(`/api/halls/${id}`, body)
const seatStatus = async (url: string, token = '') =>
  (await createClient(url).get(`/api/seats/${token}`)).status
const names = (hall?: HallView) => hall?.seats.map(({ name }) => name) ?? []

t.test('a manager adds a hall by rows, and its codes work at once', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const rows = [
    { name: 'A', seats: 3 },
    { name: 'B', from: 5, seats: 2 },
  ]
  const { status, body } = await add(manager, { name: ' Screen 2 ', rows, seats: ['Box'] })
  t.same([status, body.hall.name, names(body.hall)], [201, 'Screen 2', ['Box', 'A1', 'A2', 'A3', 'B5', 'B6']])
  t.same(await halls(manager), [(await halls(manager))[0], body.hall])
  const tokens = body.hall.seats.map(({ token }) => token)
  t.equal(new Set(tokens).size, 6)
  for (const token of tokens) t.match(token, /^[\w-]{22}$/)
  t.equal(await seatStatus(url, tokens[0]), 200)
  const order = await postOrder(createClient(url), { seat: tokens[0] ?? '' })
  t.match(order.seat, { name: 'Box', hall: 'Screen 2' })
})

t.test('a manager renames a hall, adds seats and removes them; past orders keep theirs', async (t) => {
  const { url } = await startNode(t)
  const [manager, staff] = [await signIn(url, 'manager'), await signIn(url, 'staff')]
  const [before] = await halls(manager)
  const a1 = before?.seats[0]
  if (!before || !a1) return t.fail('the demo has seats')
  const customer = createClient(url)
  const order = await postOrder(customer)
  const busy = await change(manager, before.id, { removeSeats: [a1.id] })
  t.same([busy.status, busy.body.error], [409, 'seat_in_use'])
  await staff.post(`/api/orders/${order.id}/deliver`)
  const changed = await change(manager, before.id, {
    name: 'Screen One',
    removeSeats: [a1.id],
    rows: [{ name: 'F', seats: 2 }],
  })
  t.equal(changed.status, 200)
  t.same(names(changed.body.hall), [...names(before).filter((name) => name !== 'A1'), 'F1', 'F2'])
  t.equal(await seatStatus(url, 'demo-a1'), 404, 'the printed code opens nothing')
  const own = await customer.get<{ order: { seat: object } }>(`/api/orders/${order.id}`)
  t.match(own.body.order.seat, { name: 'A1', hall: 'Screen One' })
  const printed = await staff.get<TheatreSeatsView>('/api/theatres/1/seats')
  t.same(printed.body.halls, [changed.body.hall], 'the page of codes follows')
  const again = await change(manager, before.id, { seats: ['A1'] })
  const made = again.body.hall.seats.at(-1)
  t.match(made, { name: 'A1' })
  t.not(made?.id, a1.id, 'a new seat, with a code of its own')
  t.equal(await seatStatus(url, made?.token), 200)
})

t.test('a hall that is removed is gone with its codes, and its name is free', async (t) => {
  const { url, db } = await startNode(t)
  const [manager, staff] = [await signIn(url, 'manager'), await signIn(url, 'staff')]
  const [hall] = await halls(manager)
  const { id } = await postOrder(createClient(url))
  const path = `/api/halls/${hall?.id}`
  t.match(await manager.delete(path), { status: 409, body: { error: 'seat_in_use' } })
  await staff.post(`/api/orders/${id}/cancel`)
  t.equal((await manager.delete(path)).status, 204)
  t.equal((await manager.delete(path)).status, 404)
  t.equal(await seatStatus(url, 'demo-e10'), 404)
  t.same(await halls(manager), [])
  t.match(await add(manager, { name: 'Screen 1', seats: ['A1'] }), { status: 201 })
  t.equal(await db.order.count(), 1)
})

t.test('a hall is added and another one gets its name at once: one of them has it', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const [first] = await halls(manager)
  // the seats keep the transaction busy, so that the others meet its hall before the commit
  const rows = Array.from({ length: 10 }, (_, row) => ({ name: `R${row}-`, seats: 200 }))
  for (let round = 0; round < 4; round++) {
    const name = `Screen ${round}b`
    const answers = await Promise.all([
      add(manager, { name, rows }),
      ...Array.from({ length: 6 }, () => change(manager, first?.id ?? 0, { name })),
    ])
    t.same(
      answers.filter(({ status }) => ![200, 201, 409].includes(status)),
      [],
    )
    t.equal((await halls(manager)).filter((hall) => hall.name === name).length, 1)
  }
})

t.test('an order and the removal of its seat exclude each other', async (t) => {
  const { url, db } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const [hall] = await halls(manager)
  const { id: menuItemId } = await firstMenuItem(db)
  for (const seat of hall?.seats.slice(0, 8) ?? []) {
    const wanted = { items: [{ menuItemId, quantity: 1 }], paymentMethod: 'cash' }
    const customer = createClient(url)
    await customer.post('/api/auth/guest')
    const [ordered, removed] = await Promise.all([
      customer.post(`/api/seats/${seat.token}/orders`, wanted),
      change(manager, hall?.id ?? 0, { removeSeats: [seat.id] }),
    ])
    t.match(
      [
        [201, 409],
        [404, 200],
      ].filter(([a, b]) => a === ordered.status && b === removed.status),
      [[]],
      `${ordered.status} ${removed.status}`,
    )
  }
})

t.test('a renewed code is a new one, and the old one opens nothing', async (t) => {
  const { url } = await startNode(t)
  const [manager, admin] = [await signIn(url, 'manager'), await signIn(url, 'admin')]
  const seat = (await halls(manager))[0]?.seats[0]
  const renewed = await manager.post<Body>(`/api/seats/${seat?.id}/renew`)
  t.match(renewed, { status: 200, body: { seat: { id: seat?.id, name: 'A1', token: /^[\w-]{22}$/ } } })
  t.equal(await seatStatus(url, 'demo-a1'), 404)
  t.equal(
    (
      await createClient(url).post('/api/seats/demo-a1/orders', {
        items: [{ menuItemId: 1, quantity: 1 }],
        paymentMethod: 'cash',
      })
    ).status,
    404,
  )
  t.equal(await seatStatus(url, renewed.body.seat.token), 200)
  const again = await admin.post<Body>(`/api/seats/${seat?.id}/renew`)
  t.equal(again.status, 200)
  t.equal(await seatStatus(url, renewed.body.seat.token), 404)
})

t.test('what is wrong is refused, and nothing is saved', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const before = await halls(manager)
  const id = before[0]?.id ?? 0
  const theirs = (await halls(await signIn(url, 'admin'), 2))[0]?.seats[0]?.id
  const bad: object[] = [
    { seats: [''] },
    { seats: ['x'.repeat(21)] },
    { seats: ['Z1', 'Z1'] },
    { rows: [{ name: 'Z', seats: 501 }] },
    { rows: Array.from({ length: 20 }, (_, row) => ({ name: `Z${row}-`, seats: 400 })) },
    { name: ' ' },
    { removeSeats: [theirs] },
    { color: 'red' },
  ]
  for (const body of bad) {
    t.match(
      await change(manager, id, body),
      { status: 400, body: { error: 'validation_failed' } },
      JSON.stringify(body).slice(0, 60),
    )
  }
  t.match(await change(manager, id, { name: 'New', seats: ['Z9', 'A1'] }), {
    status: 409,
    body: { error: 'name_taken' },
  })
  t.match(await add(manager, { name: 'Screen 1' }), { status: 409, body: { error: 'name_taken' } })
  const { body } = await add(manager, { name: 'Screen 9' })
  t.match(await change(manager, body.hall.id, { name: 'Screen 1' }), {
    status: 409,
    body: { error: 'name_taken' },
  })
  t.same(await halls(manager), [...before, body.hall])
})

t.test('halls are for the theatre’s managers and admins', async (t) => {
  const { url } = await startNode(t)
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  const [staff, staff2, manager, admin] = [
    await signIn(url, 'staff'),
    await signIn(url, 'staff2'),
    await signIn(url, 'manager'),
    await signIn(url, 'admin'),
  ]
  const [hall] = await halls(admin)
  const [other] = await halls(admin, 2)
  const calls = (client: HttpClient, of?: HallView) => [
    change(client, of?.id ?? 0, { name: 'Mine' }),
    client.delete(`/api/halls/${of?.id}`),
    client.post(`/api/seats/${of?.seats[0]?.id}/renew`),
  ]
  const statuses = async (client: HttpClient, of?: HallView) =>
    (await Promise.all(calls(client, of))).map(({ status }) => status)
  t.same(await statuses(createClient(url), hall), [401, 401, 401])
  t.same(await statuses(guest, hall), [403, 403, 403])
  t.same(await statuses(staff, hall), [403, 403, 403], 'plain staff know the seat')
  t.same(await statuses(staff2, hall), [404, 404, 404])
  t.same(await statuses(manager, other), [404, 404, 404])
  for (const id of NO_IDS) {
    t.equal((await change(admin, id, {})).status, 404)
    t.equal((await admin.delete(`/api/halls/${id}`)).status, 404)
    t.equal((await admin.post(`/api/seats/${id}/renew`)).status, 404)
    t.equal((await add(admin, { name: 'X' }, id)).status, 404)
  }
  for (const client of [guest, staff, staff2]) {
    t.equal((await client.get('/api/theatres/1/halls')).status, 403)
    t.equal((await add(client, { name: 'Mine' })).status, 403)
  }
  t.equal((await add(manager, { name: 'Mine' }, 2)).status, 403)
  t.same(await halls(admin), [hall])
  t.same(await halls(admin, 2), [other])
})
