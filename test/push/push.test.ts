import t, { type Test } from 'tap'
import { deleteExpiredSessions } from '../../src/accounts/session-writes.js'
import { orderFrom, postOrder, sendMessage } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { startPushService, type TestSubscription } from '../helpers/push-service.js'
import { startService, type TestService } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'

// Subscriptions and what is sent, over a stand-in push service that decrypts it.

const SECRET_PHONE = '+919876543210'
const push = await startPushService(t)
const database = await testDatabase(t, { demo: true })
const env = { PUSH_HOSTS: push.host, RATE_LIMITS: 'off' }
const nodes: [TestService, TestService] = [
  await startService(t, { database, env }),
  await startService(t, { database, env }),
]
const [service] = nodes
const { db, url } = service
const admin = await signIn(url, 'admin')
const staff = await signIn(url, 'staff')

let browsers = 0
/** A new browser of this client, subscribed. */
async function subscribed(
  client: HttpClient,
  more: object = {},
): Promise<TestSubscription & { name: string }> {
  browsers += 1
  const name = `browser ${browsers}`
  const address = push.browser(name)
  const { status, text } = await client.post('/api/push', { ...address, ...more })
  if (status !== 204) throw new Error(`the subscription was answered ${status}: ${text}`)
  return { ...address, name }
}

const count = (endpoint: string) => db.pushSubscription.count({ where: { endpoint } })
const sentTo = (name: string) => push.received.history.filter(({ to }) => to === name)
const kindsTo = (name: string) => sentTo(name).map(({ payload }) => payload.kind)
const step = async (orderId: number, action: string, by = staff) => {
  const { status, text } = await by.post(`/api/orders/${orderId}/${action}`)
  if (status !== 200) throw new Error(`${action} was answered ${status}: ${text}`)
}

/** Resolves once whatever this node was to send before has been sent. */
async function settled(): Promise<void> {
  const { client, orderId } = await orderFrom(url, 'demo-e9', { 'Masala Chai': 1 }, 'cash')
  const { name } = await subscribed(client)
  await step(orderId, 'deliver')
  await push.received.expect({ to: name })
}

t.test('the routes', async (t) => {
  const stranger = createClient(url)
  const address = push.browser('nobody')
  t.equal((await stranger.get('/api/push')).status, 401)
  t.equal((await stranger.post('/api/push', address)).status, 401)
  t.equal((await stranger.request('DELETE', '/api/push', address)).status, 401)
  const guest = createClient(url)
  await guest.post('/api/auth/guest', {})
  t.match((await guest.get<{ key: string }>('/api/push')).body, { key: /^[\w-]{87}$/ })
  for (const client of [guest, staff]) {
    const own = push.browser('own')
    t.equal((await client.post('/api/push', own)).status, 204)
    t.equal((await client.post('/api/push', { ...own, expirationTime: null })).status, 204, 'again')
    t.equal(await count(own.endpoint), 1)
    t.equal((await client.request('DELETE', '/api/push', own)).status, 204)
    t.equal((await client.request('DELETE', '/api/push', own)).status, 204, 'again')
    t.equal(await count(own.endpoint), 0)
  }
  for (const [path, body] of [
    ['endpoint', { ...address, endpoint: 'https://evil.example/x' }],
    ['endpoint', { ...address, endpoint: 'https://localhost/x' }],
    ['keys.p256dh', { ...address, keys: { ...address.keys, p256dh: 'BAAA' } }],
    ['keys.auth', { ...address, keys: { ...address.keys, auth: 'AAAA' } }],
  ] as const) {
    const { status, body: answer } = await guest.post('/api/push', body)
    t.equal(status, 400)
    t.match(answer, { error: 'validation_failed', details: [{ path }] })
  }
  t.equal((await guest.post('/api/push', { endpoint: address.endpoint })).status, 400)
  t.equal(
    (await guest.post('/api/push', address, { headers: { origin: 'https://evil.example' } })).status,
    403,
  )
})

t.test('five for a session, and not one more when they come at once', async (t) => {
  const { client } = await orderFrom(url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  const made = Array.from({ length: 8 }, (_, index) => push.browser(`one of ${index}`))
  const answers = await Promise.all(made.map((each) => client.post('/api/push', each)))
  t.same(answers.map(({ status }) => status).sort(), [204, 204, 204, 204, 204, 409, 409, 409])
  t.match(answers.find(({ status }) => status === 409)?.body, { error: 'too_many_subscriptions' })
  const first = made.find((_, index) => answers[index]?.status === 204)
  t.equal((await client.post('/api/push', first)).status, 204, 'one that there is can be renewed')
})

t.test('only one’s own orders and theatres', async (t) => {
  const mine = await orderFrom(url, 'demo-a2', { 'Masala Chai': 1 }, 'cash')
  const other = await orderFrom(url, 'demo-a3', { 'Masala Chai': 1 }, 'cash')
  const of = (client: HttpClient, more: object) => client.post('/api/push', { ...push.browser('x'), ...more })
  t.equal((await of(mine.client, { order: mine.orderId })).status, 204)
  t.equal((await of(mine.client, { order: other.orderId })).status, 404)
  t.equal((await of(staff, { order: other.orderId })).status, 404, 'staff are not its customer')
  t.equal((await of(mine.client, { theatre: 1 })).status, 403)
  t.equal((await of(staff, { theatre: 2 })).status, 403)
  t.equal((await of(admin, { theatre: 999_999 })).status, 404)
})

t.test('a customer is told of the order’s way, answers and money, in plain words only', async (t) => {
  const client = createClient(url)
  const note = 'no onion, allergic'
  const { id } = await postOrder(client, {
    seat: 'demo-b1',
    paymentMethod: 'cash',
    phone: SECRET_PHONE,
    note,
  })
  const { name } = await subscribed(client, { order: id, language: 'hi' })
  const bystander = await orderFrom(url, 'demo-b2', { 'Masala Chai': 1 }, 'cash')
  const theirs = await subscribed(bystander.client)

  await sendMessage(client, id, 'my own words')
  await sendMessage(staff, id, 'the words of an answer')
  await push.received.expect({ to: name, payload: { kind: 'answer' } })
  await step(id, 'seen')
  await step(id, 'deliver')
  const { headers } = await push.received.expect({ to: name, payload: { kind: 'on-its-way' } })
  t.match(headers, { topic: `order-${id}`, urgency: 'high', ttl: '900' })
  await step(id, 'undo')
  await push.received.expect({ to: name, payload: { kind: 'not-yet' } })
  await step(id, 'collect-cash')
  await step(id, 'cancel')
  await push.received.expect({ to: name, payload: { kind: 'cancelled' } })
  await settled()
  t.same(kindsTo(name), ['answer', 'on-its-way', 'not-yet', 'cancelled'])
  t.same(kindsTo(theirs.name), [], 'nobody else')
  for (const { payload } of sentTo(name)) {
    t.same(Object.keys(payload).sort(), ['kind', 'language', 'order'])
    t.match(payload, { order: id, language: 'hi' })
  }
})

t.test('a subscription for one order says nothing of another', async (t) => {
  const client = createClient(url)
  const first = await postOrder(client, { seat: 'demo-b3', paymentMethod: 'cash' })
  const second = await postOrder(client, { seat: 'demo-b3', paymentMethod: 'cash' })
  const { name, endpoint, keys } = await subscribed(client, { order: first.id })
  await step(second.id, 'deliver')
  await settled()
  t.same(sentTo(name), [])
  t.equal((await client.post('/api/push', { endpoint, keys, order: second.id })).status, 204)
  await sendMessage(staff, second.id, 'hello')
  await push.received.expect({ to: name, payload: { order: second.id } })
  await client.request('DELETE', '/api/push', { endpoint, keys, order: second.id })
  await sendMessage(staff, second.id, 'hello')
  await step(first.id, 'deliver')
  await push.received.expect({ to: name, payload: { order: first.id } })
  await settled()
  t.equal(sentTo(name).length, 2)
  await client.request('DELETE', '/api/push', { endpoint, keys, order: first.id })
  t.equal(await count(endpoint), 0, 'the last order ends it')
})

t.test('staff hear of new orders of their theatre and hall alone', async (t) => {
  const [mine, theirs] = [await signIn(url, 'staff'), await signIn(url, 'staff2')]
  const all = await subscribed(mine)
  const scoped = await subscribed(mine, { theatre: 1, hall: 'Screen 1' })
  const elsewhere = await subscribed(mine, { theatre: 1, hall: 'Screen 9' })
  const other = await subscribed(theirs, { theatre: 2 })
  const { orderId } = await orderFrom(url, 'demo-c1', { 'Masala Chai': 1 })
  const payload = { kind: 'new-order', order: orderId }
  for (const { name } of [all, scoped]) await push.received.expect({ to: name, payload })
  await settled()
  t.same(kindsTo(elsewhere.name), [])
  t.same(kindsTo(other.name), [])
  const unpaid = await orderFrom(url, 'demo-c2', { 'Masala Chai': 1 }, 'unpaid')
  await settled()
  t.notOk(
    sentTo(all.name).some((each) => each.payload.order === unpaid.orderId),
    'not before it is paid',
  )
  t.ok(sentTo(all.name).every((each) => each.payload.kind === 'new-order'))
})

t.test('two nodes: what one commits is sent once', async (t) => {
  const { client, orderId } = await orderFrom(nodes[0].url, 'demo-d1', { 'Masala Chai': 1 }, 'cash')
  const { name } = await subscribed(client)
  const there = await signIn(nodes[1].url, 'staff')
  await step(orderId, 'deliver', there)
  await push.received.expect({ to: name })
  await settled()
  const { name: last } = await subscribed(there)
  await orderFrom(nodes[1].url, 'demo-d2', { 'Masala Chai': 1 }, 'cash')
  await push.received.expect({ to: last })
  t.equal(sentTo(name).length, 1)
  t.equal(sentTo(last).length, 1)
})

/** A user with a session and a subscription that is about to end. */
async function account(name: string, more: object = {}): Promise<{ id: number; client: HttpClient }> {
  const given = { username: name, password: DEMO_PASSWORD, role: 'staff', theatreIds: [1], ...more }
  const { body, status } = await admin.post<{ user: { id: number } }>('/api/users', given)
  if (status !== 201) throw new Error(`${status}`)
  return { id: body.user.id, client: await signIn(url, name) }
}

const change = (id: number, what: object) => admin.patch(`/api/users/${id}`, what)

async function endsAt(t: Test, what: string, { endpoint, name }: TestSubscription & { name: string }) {
  // at once: in the same transaction
  t.equal(await count(endpoint), 0, what)
  await orderFrom(url, 'demo-d3', { 'Masala Chai': 1 }, 'cash')
  await settled()
  t.same(kindsTo(name), [], `nothing is sent after ${what}`)
}

t.test('it ends with the session or the right', async (t) => {
  const out = await account('push-out')
  const log = await subscribed(out.client)
  await out.client.post('/api/auth/logout')
  await endsAt(t, 'log-out', log)

  const again = await account('push-again')
  const before = await subscribed(again.client)
  await again.client.post('/api/auth/login', { username: 'push-again', password: DEMO_PASSWORD })
  await endsAt(t, 'another log-in', before)

  const changed = await account('push-password')
  const elsewhere = await signIn(url, 'push-password')
  const [own, others] = [await subscribed(changed.client), await subscribed(elsewhere)]
  const passwords = { currentPassword: DEMO_PASSWORD, newPassword: 'another password' }
  t.equal((await changed.client.post('/api/auth/password', passwords)).status, 204)
  await endsAt(t, 'a change of password elsewhere', others)
  await endsAt(t, 'a change of password: whoever knew the old session may have subscribed', own)

  for (const [name, what] of [
    ['push-disabled', { isActive: false }],
    ['push-reset', { password: 'set by an admin' }],
    ['push-demoted', { role: 'customer', theatreIds: [] }],
    ['push-moved', { theatreIds: [2] }],
  ] as const) {
    const { id, client } = await account(name)
    const subscription = await subscribed(client, { theatre: 1 })
    t.equal((await change(id, what)).status, 200)
    await endsAt(t, name, subscription)
  }

  const removed = await account('push-removed')
  const gone = await subscribed(removed.client)
  const manager = await signIn(url, 'manager')
  const answer = await manager.patch(`/api/theatres/1/staff/${removed.id}`, { member: false })
  t.equal(answer.status, 200)
  await endsAt(t, 'the removal from the staff', gone)

  const devices = await account('push-devices')
  const [here, there] = [await signIn(url, 'push-devices'), await subscribed(devices.client)]
  await here.delete('/api/auth/sessions')
  await endsAt(t, 'the end of all other sessions', there)
})

t.test('it stays with a right that stays', async (t) => {
  const { id, client } = await account('push-stays', { theatreIds: [1, 2] })
  const [one, any] = [await subscribed(client, { theatre: 1 }), await subscribed(client)]
  for (const what of [
    { theatreIds: [1] },
    { theatreIds: [1], managerOf: [1] },
    { role: 'admin' },
    { role: 'staff', theatreIds: [1] },
  ])
    t.equal((await change(id, what)).status, 200)
  t.same([await count(one.endpoint), await count(any.endpoint)], [1, 1])
})

t.test('an expired session gets nothing, and its row goes with it', async (t) => {
  const { client, orderId } = await orderFrom(url, 'demo-d4', { 'Masala Chai': 1 }, 'cash')
  const { endpoint, name } = await subscribed(client)
  const row = await db.pushSubscription.findUniqueOrThrow({ where: { endpoint } })
  await db.$executeRaw`UPDATE sessions SET absolute_ends_at = now() - interval '1 second' WHERE id = ${row.sessionId}::uuid`
  await step(orderId, 'deliver')
  await settled()
  t.same(kindsTo(name), [])
  await deleteExpiredSessions(db, service.config.session)
  t.equal(await count(endpoint), 0)
})

t.test('an endpoint belongs to the session that named it last', async (t) => {
  const [first, second] = [await account('push-first'), await account('push-second')]
  const { endpoint, keys, name } = await subscribed(first.client, { theatre: 1 })
  t.equal((await second.client.post('/api/push', { endpoint, keys })).status, 204)
  t.equal(await count(endpoint), 1)
  await first.client.request('DELETE', '/api/push', { endpoint, keys })
  t.equal(await count(endpoint), 1, 'another’s is not ended')
  await second.client.post('/api/auth/logout')
  t.equal(await count(endpoint), 0)
  t.same(kindsTo(name), [])
})

t.test('a browser that has unsubscribed is forgotten; a busy service is asked again', async (t) => {
  const { client, orderId } = await orderFrom(url, 'demo-d5', { 'Masala Chai': 1 }, 'cash')
  const gone = await subscribed(client)
  const busy = await subscribed(client)
  push.answer(gone.name, (response) => response.writeHead(410).end())
  push.answer(busy.name, (response) => response.writeHead(503).end())
  await step(orderId, 'deliver')
  await push.received.expect({ to: busy.name })
  push.answer(busy.name, null)
  await push.received.expect({ to: busy.name })
  await untilSame(t, 'the subscription is gone', () => count(gone.endpoint), 0)
  t.equal(await count(busy.endpoint), 1)
})

t.test('what is no longer true is not sent again', async (t) => {
  const { client, orderId } = await orderFrom(url, 'demo-d6', { 'Masala Chai': 1 }, 'cash')
  const { name } = await subscribed(client)
  push.answer(name, (response) => response.writeHead(429, { 'retry-after': '1' }).end())
  await step(orderId, 'deliver')
  await push.received.expect({ to: name, payload: { kind: 'on-its-way' } })
  push.answer(name, null)
  await step(orderId, 'undo')
  await push.received.expect({ to: name, payload: { kind: 'not-yet' } })
  await sendMessage(staff, orderId, 'hello')
  await push.received.expect({ to: name, payload: { kind: 'answer' } })
  t.equal(kindsTo(name).filter((kind) => kind === 'on-its-way').length, 1)
})

t.test('no log line has an endpoint, a key or words', async (t) => {
  await until(() => service.logs.text.includes('could not be sent'), 'a line about what failed')
  for (const { logs } of nodes) {
    t.notMatch(logs.text, /\/push\/[\w-]{22}|p256dh/)
    const rows = await db.pushSubscription.findMany()
    for (const { endpoint, p256dh, auth } of rows)
      for (const secret of [endpoint, p256dh, auth]) t.notOk(logs.text.includes(secret))
    t.notMatch(logs.text, new RegExp(`${SECRET_PHONE.slice(1)}|words of an answer`))
  }
})

t.test('without keys in production there are none, and the start says so', async (t) => {
  const production = await startService(t, {
    database,
    env: {
      NODE_ENV: 'production',
      PAYMENT_PROVIDER: 'razorpay',
      ALLOWED_HOSTS: '127.0.0.1',
      SESSION_COOKIE_SECURE: 'false',
    },
  })
  t.match(production.logs.text, /VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY are unset/)
  const client = await signIn(production.url, 'staff')
  t.same((await client.get('/api/push')).body, { key: null })
  const address = { ...push.browser('x'), endpoint: 'https://fcm.googleapis.com/x' }
  t.match(await client.post('/api/push', address), { status: 409, body: { error: 'push_off' } })
})
