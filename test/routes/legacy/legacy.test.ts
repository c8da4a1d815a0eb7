import t from 'tap'
import { openSite } from '../world.js'

const OWN = { 'sec-fetch-site': 'same-origin' }

t.test('live-orders', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const staff = await site.signIn('staff')
  const path = '/theatre/api/live-orders'
  t.same((await staff.get(path)).body, {})
  const earlier = await site.order(owner, { paymentMethod: 'cash' })
  const later = await site.order(owner)
  await site.order(owner, { items: [{ menuItemId: site.items.other, quantity: 1 }] }, 'demo2-a1')
  const { status, body } = await staff.get<Record<string, { order_id: number }>>(path)
  t.equal(status, 200)
  t.same(Object.keys(body).sort(), [`order-id-${earlier.id}`, `seat-id-${earlier.seat.id}`])
  t.match(body[`seat-id-${later.seat.id}`], {
    order_id: later.id,
    seat_name: 'A1',
    hall_name: 'Screen 1',
    theatre_id: 1,
    is_vacent: false,
    is_shown: false,
    payment_time: /^\d\d-[A-Z][a-z]{2}-\d{4}\|\d\d:\d\d [AP]M$/,
    amount: later.total / 100,
    payment_method: 'simulated',
    payment_status: 'Created',
  })
  t.equal(Object.keys((await (await site.signIn('admin')).get<object>(path)).body).length, 3)
  t.equal((await site.browser().get(path)).status, 401)
  t.equal((await owner.get(path)).status, 403)
})

t.test('the two GETs that change state: only for a page of our own', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const { id, seat } = await site.order(owner, { paymentMethod: 'cash' })
  const [staff, staff2] = [await site.signIn('staff'), await site.signIn('staff2')]
  const [seen, deliver] = [`/theatre/api/is-order-viewed/${seat.id}`, `/theatre/api/deliver-order/${id}`]
  const own = `http://127.0.0.1:${site.port}`
  const refused: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin, same-origin' },
    { 'sec-fetch-site': 'cross-site', referer: `${own}/theatre/live-orders/` },
    { referer: 'https://evil.example/' },
    { referer: 'http://127.0.0.1/' },
    { referer: `http://127.0.0.1:${site.port + 1}/` },
    { referer: `http://127.0.0.1:${site.port}@evil.example/` },
    { referer: 'about:blank' },
    { referer: 'null' },
    { referer: '' },
    { origin: own },
  ]
  for (const headers of refused) {
    for (const path of [seen, deliver]) {
      t.equal((await staff.get(path, { headers })).status, 403, JSON.stringify(headers))
    }
  }
  for (const path of [seen, deliver]) {
    t.equal((await site.browser().get(path, { headers: OWN })).status, 401)
    t.equal((await owner.get(path, { headers: OWN })).status, 403)
    t.equal((await staff2.get(path, { headers: OWN })).status, 404)
    t.equal((await staff.request('HEAD', path, undefined, { headers: OWN })).status, 404)
  }
  t.equal((await site.db.order.findUniqueOrThrow({ where: { id } })).status, 'confirmed')
  t.same((await staff.get(seen, { headers: OWN })).body, { status: true })
  t.same((await staff.get(seen, { headers: { referer: `${own}/theatre/live-orders/?a=1` } })).body, {
    status: true,
  })
  t.equal((await site.db.order.findUniqueOrThrow({ where: { id } })).status, 'seen')
  t.same((await staff.get(deliver, { headers: { referer: `${own}/` } })).body, {
    message: 'Order Delivered Successfully',
  })
  t.equal((await site.db.order.findUniqueOrThrow({ where: { id } })).status, 'delivered')
  t.equal((await staff.get(seen, { headers: OWN })).status, 404, 'no order there to be seen')
  const unpaid = await site.order(owner)
  t.equal((await staff.get(`/theatre/api/deliver-order/${unpaid.id}`, { headers: OWN })).status, 409)
  for (const path of ['0', 'x', '01', '2147483648']) {
    t.equal((await staff.get(`/theatre/api/deliver-order/${path}`, { headers: OWN })).status, 404)
    t.equal((await staff.get(`/theatre/api/is-order-viewed/${path}`, { headers: OWN })).status, 404)
  }
})

t.test('is-order-viewed: the seat’s latest confirmed order', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const staff = await site.signIn('staff')
  const first = await site.order(owner, { paymentMethod: 'cash' })
  const second = await site.order(owner, { paymentMethod: 'cash' })
  await site.order(owner)
  const look = () => staff.get(`/theatre/api/is-order-viewed/${first.seat.id}`, { headers: OWN })
  const statuses = async () => {
    const orders = await site.db.order.findMany({
      where: { id: { in: [first.id, second.id] } },
      orderBy: { id: 'asc' },
    })
    return orders.map(({ status }) => status)
  }
  await look()
  t.same(await statuses(), ['confirmed', 'seen'])
  await look()
  t.same(await statuses(), ['seen', 'seen'])
})

t.test('the chat page’s calls', async (t) => {
  const site = await openSite(t)
  const owner = site.browser()
  const { id } = await site.order(owner, { phone: '+91 98765 43210' })
  await owner.post(`/api/chats/${id}/messages`, { text: 'hello', clientId: 'c' })
  const [staff, staff2] = [await site.signIn('staff'), await site.signIn('staff2')]
  const { body } = await staff.get<Record<string, object>>('/chat-box/chat-users')
  t.same(Object.keys(body), ['phone-+91 98765 43210'])
  t.match(body['phone-+91 98765 43210'], {
    pk: id,
    phone_number: '+91 98765 43210',
    theatre_id: 1,
    theatre_name: 'Grand Cinema',
    hall_name: 'Screen 1',
    seat_name: 'A1',
    reply_required: true,
    continue_chat: true,
    msg_time: /^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d [AP]M$/,
    user_messages: [],
  })
  t.same((await staff2.get('/chat-box/chat-users')).body, {})
  const answer = { phone_number: '+91 98765 43210', message: 'coming' }
  const path = '/chat-box/send-whatsapp-message'
  const sent = await staff.post(path, answer, {
    headers: { 'x-csrftoken': 'whatever', 'content-type': 'application/json' },
  })
  t.same([sent.status, sent.body], [200, { status: true }])
  t.equal((await site.db.chatMessage.findFirstOrThrow({ orderBy: { id: 'desc' } })).text, 'coming')
  t.equal((await staff2.post(path, answer)).status, 404)
  t.equal((await owner.post(path, answer)).status, 403)
  t.equal((await owner.get('/chat-box/chat-users')).status, 403)
  t.equal((await site.browser().post(path, answer)).status, 401)
  t.equal((await site.browser().get('/chat-box/chat-users')).status, 401)
  for (const change of [
    { message: '' },
    { message: ' ' },
    { message: 1 },
    { message: 'a\0' },
    { phone_number: 7 },
  ]) {
    t.equal((await staff.post(path, { ...answer, ...change })).status, 400)
  }
  const crossSite = { headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' } }
  t.equal((await staff.post(path, answer, crossSite)).status, 403)
  t.equal(await site.db.chatMessage.count(), 2)
})
