import t from 'tap'
import type { OrderView } from '../../../src/protocol/views.js'
import type { HttpClient } from '../../helpers/http.js'
import { NO_IDS, openSite } from '../world.js'

const STEPS = ['seen', 'deliver', 'cancel', 'collect-cash']

t.test('another’s order and no order: the same answer, to the byte', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const { id } = await site.order(owner)
  const [stranger, staff2] = [site.browser(), await site.signIn('staff2')]
  await site.order(stranger, {}, 'demo-a2')
  for (const client of [stranger, staff2, site.browser()]) {
    const others = await client.get(`/api/orders/${id}`)
    const none = await client.get('/api/orders/2147483647')
    t.same([others.status, none.status], [404, 404])
    t.equal(others.text, none.text)
  }
  for (const client of [stranger, staff2]) {
    for (const path of NO_IDS) t.equal((await client.get(`/api/orders/${path}`)).status, 404, path)
    t.equal((await client.post(`/api/orders/${id}/payment`)).status, 404)
    t.equal(
      (await client.get(`/api/chats/${id}/messages`)).text,
      (await client.get('/api/chats/2147483647/messages')).text,
    )
  }
  for (const client of [owner, await site.signIn('staff'), await site.signIn('admin')]) {
    const { status, body } = await client.get<{ order: OrderView }>(`/api/orders/${id}`)
    t.same([status, body.order.id], [200, id])
  }
})

t.test('steps are the staff’s of that theatre; repeated ones are answered the same', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const { id } = await site.order(owner, { paymentMethod: 'cash' })
  const [staff, staff2] = [await site.signIn('staff'), await site.signIn('staff2')]
  for (const step of STEPS) {
    t.equal((await site.browser().post(`/api/orders/${id}/${step}`)).status, 401)
    t.equal((await owner.post(`/api/orders/${id}/${step}`)).status, 403)
    t.equal((await staff2.post(`/api/orders/${id}/${step}`)).status, 404)
    for (const path of NO_IDS) t.equal((await staff.post(`/api/orders/${path}/${step}`)).status, 404)
    t.equal((await staff.get(`/api/orders/${id}/${step}`)).status, 404, 'no GET changes anything')
  }
  const post = (step: string) => staff.post<{ order: OrderView; error: string }>(`/api/orders/${id}/${step}`)
  const seen = await post('seen')
  t.same([seen.status, seen.body.order.status], [200, 'seen'])
  t.same((await post('seen')).body, seen.body)
  t.equal((await post('collect-cash')).body.order.paymentStatus, 'paid')
  const delivered = await post('deliver')
  t.equal(delivered.body.order.status, 'delivered')
  t.same((await post('deliver')).body, delivered.body)
  const refused = await post('cancel')
  t.same([refused.status, refused.body.error], [409, 'invalid_transition'])
})

t.test('a theatre’s orders and their position; the last ended ones', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const staff = await site.signIn('staff')
  const list = (client: HttpClient, query = '') =>
    client.get<{ orders: OrderView[]; cursor: number }>(`/api/theatres/1/orders${query}`)
  t.same((await list(staff)).body, { orders: [], cursor: 0 })
  const a = await site.order(owner, { paymentMethod: 'cash' })
  const b = await site.order(owner, { paymentMethod: 'online' })
  await site.order(owner, { items: [{ menuItemId: site.items.other, quantity: 1 }] }, 'demo2-a1')
  t.same((await list(staff)).body, { orders: [a, b], cursor: 3 })
  await staff.post(`/api/orders/${a.id}/deliver`)
  const after = (await list(await site.signIn('admin'))).body
  t.same([after.orders.map(({ id }) => id), after.cursor], [[b.id], 4])
  await staff.post(`/api/orders/${b.id}/cancel`)
  const ended = (await list(staff, '?ended=1')).body
  t.same([ended.orders.map(({ id }) => id), ended.cursor], [[b.id, a.id], 5])
  t.equal((await list(staff, '?ended=2')).status, 400)
  t.equal((await list(staff, '?foo=1')).status, 400)
  t.equal((await list(site.browser())).status, 401)
  t.equal((await list(owner)).status, 403)
  t.equal((await list(await site.signIn('staff2'))).status, 403)
  t.equal((await staff.get('/api/theatres/99/orders')).status, 403)
  t.equal((await (await site.signIn('admin')).get('/api/theatres/99/orders')).status, 404)
  for (const path of NO_IDS.slice(0, -1))
    t.equal((await staff.get(`/api/theatres/${path}/orders`)).status, 404)
})

t.test('a theatre’s seats and their secrets; what is to be had', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  await site.order(owner)
  const [staff, staff2] = [await site.signIn('staff'), await site.signIn('staff2')]
  const { status, body } = await staff.get<{ halls: { seats: unknown[] }[] }>('/api/theatres/1/seats')
  t.equal(status, 200)
  t.match(body, {
    theatre: { id: 1, name: 'Grand Cinema', timeZone: 'Asia/Kolkata', maxTime: Number, minTime: Number },
    halls: [{ name: 'Screen 1', seats: [{ name: 'A1', token: 'demo-a1' }] }],
  })
  t.equal(body.halls[0]?.seats.length, 50)
  for (const client of [owner, staff2]) t.equal((await client.get('/api/theatres/1/seats')).status, 403)
  const item = `/api/menu-items/${site.items.own}`
  const off = await staff.patch<{ menuItem: { available: boolean } }>(item, { available: false })
  t.same([off.status, off.body.menuItem.available], [200, false])
  t.equal((await staff2.patch(item, { available: true })).status, 404)
  t.equal((await owner.patch(item, { available: true })).status, 403)
  t.equal((await site.browser().patch(item, { available: true })).status, 401)
  for (const bad of [
    {},
    { available: 'true' },
    { available: 1 },
    { available: { not: false } },
    { available: true, price: 1 },
  ]) {
    t.equal((await staff.patch(item, bad)).status, 400)
  }
  for (const path of NO_IDS)
    t.equal((await staff.patch(`/api/menu-items/${path}`, { available: true })).status, 404)
  t.equal((await site.db.menuItem.findUniqueOrThrow({ where: { id: site.items.own } })).available, false)
})
