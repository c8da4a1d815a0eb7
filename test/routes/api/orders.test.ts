import t from 'tap'
import type { OrderView } from '../../../src/protocol/views.js'
import { firstMenuItem, postOrder } from '../../helpers/customers.js'
import type { HttpClient } from '../../helpers/http-client.js'
import { createClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

const STEPS = ['seen', 'deliver', 'cancel', 'collect-cash']

t.test('someone else’s order and a missing order get the same response, byte for byte', async (t) => {
  const service = await startService(t, { demo: true })
  const owner = createClient(service.url)
  const { id } = await postOrder(owner, { paymentMethod: 'online' })
  const [stranger, staff2] = [createClient(service.url), await signIn(service.url, 'staff2')]
  await postOrder(stranger, { seat: 'demo-a2', paymentMethod: 'online' })
  for (const client of [stranger, staff2, createClient(service.url)]) {
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
  for (const client of [owner, await signIn(service.url, 'staff'), await signIn(service.url, 'admin')]) {
    const { status, body } = await client.get<{ order: OrderView }>(`/api/orders/${id}`)
    t.same([status, body.order.id], [200, id])
  }
})

t.test(
  'only staff of the theatre can advance an order; repeating a step gives the same answer',
  async (t) => {
    const service = await startService(t, { demo: true })
    const owner = createClient(service.url)
    const { id } = await postOrder(owner, { paymentMethod: 'cash' })
    const [staff, staff2] = [await signIn(service.url, 'staff'), await signIn(service.url, 'staff2')]
    for (const step of STEPS) {
      t.equal((await createClient(service.url).post(`/api/orders/${id}/${step}`)).status, 401)
      t.equal((await owner.post(`/api/orders/${id}/${step}`)).status, 403)
      t.equal((await staff2.post(`/api/orders/${id}/${step}`)).status, 404)
      for (const path of NO_IDS) t.equal((await staff.post(`/api/orders/${path}/${step}`)).status, 404)
      t.equal((await staff.get(`/api/orders/${id}/${step}`)).status, 404, 'no GET changes anything')
    }
    const post = (step: string) =>
      staff.post<{ order: OrderView; error: string }>(`/api/orders/${id}/${step}`)
    const seen = await post('seen')
    t.same([seen.status, seen.body.order.status], [200, 'seen'])
    t.same((await post('seen')).body, seen.body)
    t.equal((await post('collect-cash')).body.order.paymentStatus, 'paid')
    const delivered = await post('deliver')
    t.equal(delivered.body.order.status, 'delivered')
    t.same((await post('deliver')).body, delivered.body)
    const refused = await post('cancel')
    t.same([refused.status, refused.body.error], [409, 'invalid_transition'])
  },
)

t.test('a theatre’s live orders with their position, and the recently ended ones', async (t) => {
  const service = await startService(t, { demo: true })
  const owner = createClient(service.url)
  const staff = await signIn(service.url, 'staff')
  const list = (client: HttpClient, query = '') =>
    client.get<{ orders: OrderView[]; cursor: number }>(`/api/theatres/1/orders${query}`)
  t.same((await list(staff)).body, { orders: [], cursor: 0 })
  const a = await postOrder(owner, { paymentMethod: 'cash' })
  const b = await postOrder(owner, { paymentMethod: 'online' })
  await postOrder(owner, { seat: 'demo2-a1', paymentMethod: 'online' })
  t.same((await list(staff)).body, { orders: [a, b], cursor: 3 })
  await staff.post(`/api/orders/${a.id}/deliver`)
  const after = (await list(await signIn(service.url, 'admin'))).body
  t.same([after.orders.map(({ id }) => id), after.cursor], [[b.id], 4])
  await staff.post(`/api/orders/${b.id}/cancel`)
  const ended = (await list(staff, '?ended=1')).body
  t.same([ended.orders.map(({ id }) => id), ended.cursor], [[b.id, a.id], 5])
  t.equal((await list(staff, '?ended=2')).status, 400)
  t.equal((await list(staff, '?foo=1')).status, 400)
  t.equal((await list(createClient(service.url))).status, 401)
  t.equal((await list(owner)).status, 403)
  t.equal((await list(await signIn(service.url, 'staff2'))).status, 403)
  t.equal((await staff.get('/api/theatres/99/orders')).status, 403)
  t.equal((await (await signIn(service.url, 'admin')).get('/api/theatres/99/orders')).status, 404)
  for (const path of NO_IDS.slice(0, -1))
    t.equal((await staff.get(`/api/theatres/${path}/orders`)).status, 404)
})

t.test('a theatre’s seats with their tokens, and its menu', async (t) => {
  const service = await startService(t, { demo: true })
  const owner = createClient(service.url)
  await postOrder(owner, { paymentMethod: 'online' })
  const [staff, staff2] = [await signIn(service.url, 'staff'), await signIn(service.url, 'staff2')]
  const { status, body } = await staff.get<{ halls: { seats: unknown[] }[] }>('/api/theatres/1/seats')
  t.equal(status, 200)
  t.match(body, {
    theatre: { id: 1, name: 'Grand Cinema', timeZone: 'Asia/Kolkata', maxTime: Number, minTime: Number },
    halls: [{ name: 'Screen 1', seats: [{ name: 'A1', token: 'demo-a1' }] }],
  })
  t.equal(body.halls[0]?.seats.length, 50)
  for (const client of [owner, staff2]) t.equal((await client.get('/api/theatres/1/seats')).status, 403)
  const { id } = await firstMenuItem(service.db)
  const item = `/api/menu-items/${id}`
  const off = await staff.patch<{ menuItem: { available: boolean } }>(item, { available: false })
  t.same([off.status, off.body.menuItem.available], [200, false])
  t.equal((await staff2.patch(item, { available: true })).status, 404)
  t.equal((await owner.patch(item, { available: true })).status, 403)
  t.equal((await createClient(service.url).patch(item, { available: true })).status, 401)
  for (const bad of [{}, { available: 'true' }, { available: 1 }, { available: { not: false } }]) {
    t.equal((await staff.patch(item, bad)).status, 400)
  }
  t.equal((await staff.patch(item, { available: true, price: 1 })).status, 403, 'prices are for managers')
  for (const path of NO_IDS)
    t.equal((await staff.patch(`/api/menu-items/${path}`, { available: true })).status, 404)
  t.equal((await service.db.menuItem.findUniqueOrThrow({ where: { id } })).available, false)
})
