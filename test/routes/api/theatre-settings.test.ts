import t from 'tap'
import type { SettingsView } from '../../../src/protocol/manager-views.js'
import { postOrder } from '../../helpers/customers.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startNode } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { connect } from '../../helpers/socket-client.js'
import { NO_IDS } from '../ids.js'

interface Body {
  error?: string
  details?: { path: string }[]
  reopensAt?: string | null
  settings: SettingsView
  theatre: SettingsView
  theatres: SettingsView[]
}

const GSTIN = '27AAPFU0939F1ZV'
const read = (client: HttpClient, id: number | string = 1) => client.get<Body>(`/api/theatres/${id}/settings`)
const change = (client: HttpClient, body: object, id: number | string = 1) =>
  client.patch<Body>(`/api/theatres/${id}/settings`, body)

t.test('a manager reads and changes the settings; what is not given stays', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const before = (await read(manager)).body.settings
  t.match(before, { name: 'Grand Cinema', timeZone: 'Asia/Kolkata', max_time: 30, min_time: 10 })
  t.match(before, { openingHours: null, lastOrders: 0, gstRate: 5 })
  const openingHours = [{ day: 'friday', opens: '17:00', closes: '01:00' }]
  const wanted = { openingHours, lastOrders: 15, gstin: ' 27aapfu0939f1zv ', gstRate: 2.55 }
  const changed = await change(manager, { ...wanted, receiptHeader: 'Grand Cinema\r\n12 MG Road\n' })
  const after = { ...before, ...wanted, gstin: GSTIN, receiptHeader: 'Grand Cinema\n12 MG Road' }
  t.same([changed.status, changed.body.settings], [200, after])
  t.same((await read(manager)).body.settings, after)
  t.same((await change(manager, { openingHours: null, gstin: null })).body.settings, {
    ...after,
    openingHours: null,
    gstin: null,
  })
  const renamed = await change(manager, { name: ' Grand Palace ', max_time: 20, min_time: 5 })
  t.match(renamed.body.settings, { name: 'Grand Palace', max_time: 20, min_time: 5, gstin: null })
  t.match((await manager.get('/api/auth/session')).body, { user: { theatres: [{ name: 'Grand Palace' }] } })
})

t.test('settings that are wrong are refused, and nothing is saved', async (t) => {
  const { url } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const before = (await read(manager)).body
  const bad: [object, string][] = [
    [{ gstin: '27AAPFU0939F1ZW' }, 'gstin'],
    [{ timeZone: '+05:30' }, 'timeZone'],
    [{ timeZone: 'IST' }, 'timeZone'],
    // known to Node, and an offset to PostgreSQL
    [{ timeZone: 'SystemV/EST5' }, 'timeZone'],
    [{ name: ' \u200e' }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ max_time: 9 }, 'min_time'],
    [{ min_time: 31 }, 'min_time'],
    [{ receiptHeader: 'a\u0000b' }, 'receiptHeader'],
    [{ receiptHeader: 'a\ud800b' }, 'receiptHeader'],
    [{ name: 'a\ud800b' }, 'name'],
    [{ openingHours: [{ day: 'friday', opens: '24:30', closes: '01:00' }] }, ''],
    [{ openingHours: [{ day: 'Freitag', opens: '10:00', closes: '11:00' }] }, ''],
    [{ lastOrders: -1 }, ''],
    [{ gstRate: 101 }, ''],
    [{ gstRate: '5' }, ''],
    [{ color: 'red' }, ''],
  ]
  for (const [body, path] of bad) {
    const answer = await change(manager, body)
    t.match(answer, { status: 400, body: { error: 'validation_failed' } }, JSON.stringify(body))
    if (path !== '') t.equal(answer.body.details?.[0]?.path, path)
  }
  const taken = await change(manager, { name: 'Riverside' })
  t.same([taken.status, taken.body.error], [409, 'name_taken'])
  t.same((await read(manager)).body, before)
})

t.test('settings are for the theatre’s managers and admins', async (t) => {
  const { url } = await startNode(t)
  const guest = createClient(url)
  await guest.post('/api/auth/guest')
  const [staff, staff2, manager, admin] = await Promise.all(
    ['staff', 'staff2', 'manager', 'admin'].map((name) => signIn(url, name)),
  )
  if (!staff || !staff2 || !manager || !admin) return t.fail('signed in')
  for (const call of [read, (client: HttpClient, id?: number | string) => change(client, {}, id)]) {
    t.equal((await call(createClient(url))).status, 401)
    for (const client of [guest, staff, staff2]) t.equal((await call(client)).status, 403)
    for (const id of [2, 999]) t.equal((await call(manager, id)).status, 403, 'not theirs, or nobody’s')
    for (const id of NO_IDS) t.equal((await call(admin, id)).status, 404)
    t.equal((await call(admin, 2)).status, 200)
  }
})

t.test('outside of opening hours no orders are taken; a repeated request still gets its order', async (t) => {
  const { url, db } = await startNode(t)
  const manager = await signIn(url, 'manager')
  const customer = createClient(url)
  const { menu } = (await customer.get<{ menu: { id: number }[] }>('/api/seats/demo-a1')).body
  const body = { items: [{ menuItemId: menu[0]?.id, quantity: 1 }], paymentMethod: 'cash' }
  const order = (key: string) =>
    customer.post<Body>('/api/seats/demo-a1/orders', body, { headers: { 'idempotency-key': key } })
  t.equal((await order('first')).status, 201)
  // a day and more from now in every time zone
  const inTwoDays = new Date(Date.now() + 2 * 86_400_000)
  const day = inTwoDays.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' }).toLowerCase()
  const openingHours = [{ day, opens: '12:00', closes: '13:00' }]
  t.equal((await change(manager, { openingHours, timeZone: 'UTC' })).status, 200)
  const refused = await order('second')
  t.same([refused.status, refused.body.error], [409, 'not_accepting_orders'])
  t.equal(refused.body.reopensAt, `${inTwoDays.toISOString().slice(0, 10)}T12:00:00.000Z`)
  t.equal((await order('first')).status, 200, 'made before')
  await change(manager, { openingHours: [] })
  t.match((await order('third')).body, { error: 'not_accepting_orders', reopensAt: null })
  t.equal((await createClient(url).post('/api/seats/demo2-a1/orders', { ...body, items: [] })).status, 400)
  t.ok(await postOrder(createClient(url), { seat: 'demo2-a1' }), 'another theatre is open')
  await change(manager, { openingHours: null })
  t.equal((await order('third')).status, 201)
  t.equal(await db.order.count(), 3)
})

t.test('admins list theatres and add them; their open boards reconnect for the new one', async (t) => {
  const { url } = await startNode(t)
  const [admin, manager] = [await signIn(url, 'admin'), await signIn(url, 'manager')]
  const names = async () => (await admin.get<Body>('/api/theatres')).body.theatres.map(({ name }) => name)
  t.same(await names(), ['Grand Cinema', 'Riverside'])
  const socket = await connect(`${url}/ws/all-seat-datasocket/`, { cookie: admin.cookie })
  const made = await admin.post<Body>('/api/theatres', {
    name: ' Plaza ',
    timeZone: 'Asia/Dubai',
    max_time: 8,
  })
  t.match(made, { status: 201, body: { theatre: { name: 'Plaza', max_time: 8, min_time: 8 } } })
  t.match(await socket.closed(), { code: 1012, reason: 'retry=0' })
  t.same(await names(), ['Grand Cinema', 'Plaza', 'Riverside'])
  t.same((await read(admin, made.body.theatre.id)).body.settings, made.body.theatre)
  const again = await admin.post<Body>('/api/theatres', { name: 'Plaza', timeZone: 'UTC' })
  t.same([again.status, again.body.error], [409, 'name_taken'])
  t.equal((await admin.post('/api/theatres', { name: 'X', timeZone: 'Mars/Olympus' })).status, 400)
  t.equal((await admin.post('/api/theatres', { timeZone: 'UTC' })).status, 400)
  t.equal((await manager.get('/api/theatres')).status, 403)
  t.equal((await manager.post('/api/theatres', { name: 'Mine', timeZone: 'UTC' })).status, 403)
})
