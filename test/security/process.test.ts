import t, { type Test } from 'tap'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { headOf, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import type { LogCapture } from '../helpers/logs.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startRedis } from '../helpers/redis.js'
import { TEST_SECRETS } from '../helpers/service.js'
import { spawnService } from '../helpers/service-process.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { frame, OPCODE } from './frames.js'

const PATH = '/ws/all-seat-datasocket/'
const PHONE = '+91 98765 43210'

t.test(
  'under normal and hostile use the process keeps running, exits with 0 and writes no secrets',
  async (t) => {
    const database = await testDatabase(t, { demo: true })
    const redis = await startRedis(t)
    const running = spawnService(t, { env: { DATABASE_URL: database.url, REDIS_URL: redis.url } })
    const { logs } = running
    const { url, port } = await running.listening()
    const secrets = new Map<string, string>([
      ['the signing secret', TEST_SECRETS.SECRET_KEY],
      ['the webhook secret', TEST_SECRETS.PAYMENT_WEBHOOK_SECRET],
      ['a password', DEMO_PASSWORD],
      ['a wrong password', 'wrong-Password-4711'],
      ['a new password', 'new-Password-4712'],
      ['a phone number', PHONE],
      ['its digits', '9876543210'],
      ['an API key', 'api-key-4713'],
      ['a bearer token', 'bearer-4714'],
      ['a seat’s token', 'demo-b7'],
      ['a chat message', 'meet-me-at-4715'],
      ['a password typed as a name', 'Typed-Into-The-Wrong-Field'],
    ])
    const keep = (who: string, cookies: ReadonlyMap<string, string>) => {
      const sent = cookies.get('sessionid') ?? ''
      const value = decodeURIComponent(sent)
      const mark = cookies.get('deviceid')
      if (mark !== undefined) secrets.set(`${who}: the device’s mark`, mark)
      secrets.set(`${who}: the cookie`, sent)
      secrets.set(`${who}: decoded`, value)
      secrets.set(`${who}: the token`, value.slice(0, value.indexOf('.')))
    }

    const staff = await signIn(url, 'staff')
    const tablet = await signIn(url, 'staff')
    const admin = await signIn(url, 'admin')
    const guest = createClient(url)
    const { id } = await postOrder(guest, { seat: 'demo-b7', phone: PHONE })
    for (const [who, client] of Object.entries({ staff, tablet, admin, guest })) keep(who, client.cookies)
    const { body: listed } = await staff.get<{ id: string; current: boolean }[]>('/api/auth/sessions')
    for (const [i, session] of listed.entries()) secrets.set(`session id ${i}`, session.id)

    const socket = await connect(`${url}${PATH}?key=api-key-4713&x=1`, {
      cookie: staff.cookie,
      protocol: 'houselights.v1',
    })
    socket.subscribe()
    const payment = await connect(`${url}/ws/payment-socket/${id}/?a=1&key=api-key-4713`, {
      cookie: guest.cookie,
    })
    const wrong = createClient(url)
    for (const username of ['staff', 'nobody', 'Typed-Into-The-Wrong-Field']) {
      await wrong.post('/api/auth/login', { username, password: 'wrong-Password-4711' })
    }
    await guest.post(`/api/chats/${id}/messages`, { text: 'meet-me-at-4715', clientId: 'c1' })
    await staff.post(`/api/orders/${id}/seen`)
    await staff.get(`/api/auth/session?key=api-key-4713`, {
      headers: { authorization: 'Bearer bearer-4714' },
    })
    await staff.post('/chat-box/send-whatsapp-message', { phone_number: PHONE, message: 'meet-me-at-4715' })
    await guest.post(
      '/webhooks/payments',
      { phone: PHONE },
      { headers: { 'x-razorpay-signature': 'bearer-4714' } },
    )
    await admin.post('/api/users', { username: 'new', password: 'new-Password-4712', role: 'customer' })
    await admin.patch('/api/users/1', { password: DEMO_PASSWORD, isActive: 'no' })
    await guest.get(`/api/orders/${id}?phone=${encodeURIComponent(PHONE)}`)
    await guest.post('/api/seats/demo-b7/orders', { items: 'no', phone: PHONE })
    for (const other of listed) if (!other.current) await staff.delete(`/api/auth/sessions/${other.id}`)
    await staff.delete(`/api/auth/sessions/${listed[0]?.id}x`)

    const hostile: Parameters<typeof shakeHands>[1][] = [
      { path: `${PATH}?key=api-key-4713`, cookie: null },
      { path: PATH, cookie: `${guest.cookie}x` },
      { path: PATH, cookie: guest.cookie },
      { path: PATH, origin: 'http://evil\x9b31m.example/\x85' },
      { path: '/ws/%E0%A4%A/?key=api-key-4713' },
      { path: `/api/auth/sessions/${listed[0]?.id}`, cookie: staff.cookie },
      { path: '/ws/payment-socket/9876543210/', cookie: guest.cookie },
      { path: '/ws/chat-socket/api-key-4713/', cookie: staff.cookie },
      { path: '/ws/chat-socket/%3Fkey=api-key-4713', cookie: staff.cookie },
      { path: `/ws/${staff.cookie}/`, cookie: staff.cookie },
      { path: PATH, origin: `http://staff:wrong-Password-4711@127.0.0.1:${port}` },
      { path: PATH, origin: `http://127.0.0.1:${port}/?key=api-key-4713` },
      { path: PATH, origin: 'api-key-4713' },
      { path: '/ws/payment-socket/%0d%0a{"level":30,"msg":"LOGIN"}/', cookie: guest.cookie },
    ]
    for (const shake of hostile) await shakeHands(port, shake)
    for (const length of [5, 60, 400]) {
      const connection = await openRaw(port)
      connection.write(headOf(port, { path: PATH, cookie: staff.cookie }).slice(0, length))
      connection.socket.resetAndDestroy()
    }
    const odd = await openRaw(port)
    odd.write(headOf(port, { path: PATH, cookie: staff.cookie }))
    await readAnswer(odd)
    odd.write(frame(OPCODE.text, Buffer.from([0xc3, 0x28])))
    await odd.closed()

    // Redis and the database connections fail while in use
    await redis.kill()
    await database.db.$queryRaw`SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`
    await Promise.all(
      Array.from({ length: 20 }, () => shakeHands(port, { path: PATH, cookie: staff.cookie })),
    )
    await redis.restart()
    t.equal((await staff.get('/api/auth/session')).status, 200, 'it recovers')
    await staff.post('/api/auth/password', {
      currentPassword: DEMO_PASSWORD,
      newPassword: 'new-Password-4712',
    })
    keep('staff after the password change', staff.cookies)
    t.equal((await socket.closed()).code, 1012)
    const again = await connect(`${url}${PATH}`, { cookie: staff.cookie })
    await staff.post('/api/auth/logout')
    t.equal((await again.closed()).code, 4401)
    const metrics = await createClient(url).get<string>('/metrics')
    t.match(metrics.text, /houselights_deprecated_keys_total 3\b/, 'deprecated keys are counted')
    const seen = metrics.text

    running.child.kill('SIGTERM')
    t.equal((await payment.closed()).code, 1012)
    t.same(await running.ended(), [0, null])
    const output = running.output()
    for (const [what, secret] of secrets) {
      t.notOk(output.includes(secret), `${what} is in no output`)
      t.notOk(seen.includes(secret), `${what} is in no metric`)
    }
    t.notMatch(output, /unhandled|uncaught|MaxListenersExceeded|deprecat/i)
    t.notMatch(output.replaceAll('\n', ''), /\p{Control}/u, 'no control characters')
    t.notOk(
      logs.lines.some((line) => 'notJson' in line),
      'one JSON object per line',
    )
    audit(t, logs)
  },
)

/** Each decision is logged with user, session, address, origin, resource, verdict and reason. */
function audit(t: Test, logs: LogCapture): void {
  const find = (part: Record<string, unknown>) =>
    logs.lines.find((line) => Object.entries(part).every(([name, value]) => line[name] === value))
  const session = /^[0-9a-f]{16}$/
  const base = { address: '127.0.0.1', time: /Z$/ }
  t.match(find({ msg: 'LOGIN', verdict: 'accepted' }), { ...base, user: Number, session, status: 200 })
  t.match(find({ msg: 'LOGIN', verdict: 'refused' }), {
    ...base,
    reason: 'invalid_credentials',
    account: session,
  })
  t.match(find({ msg: 'REVOKE', verdict: 'accepted' }), { ...base, user: Number, session })
  t.match(find({ msg: 'PASSWORD', verdict: 'accepted' }), { ...base, user: Number, session })
  t.match(find({ msg: 'LOGOUT', verdict: 'accepted' }), {
    ...base,
    user: Number,
    session,
    resource: 'POST /api/auth/logout',
  })
  t.match(find({ msg: 'USERCREATE' }), { ...base, user: Number, session })
  t.match(find({ msg: 'USERCHANGE' }), {
    ...base,
    verdict: 'refused',
    reason: 'validation_failed',
    target: 1,
  })
  t.match(find({ msg: 'WSCONNECT' }), { ...base, user: Number, session, origin: /^http/, resource: PATH })
  t.match(find({ msg: 'WSREJECT', reason: 'forbidden' }), {
    ...base,
    user: Number,
    session,
    resource: PATH,
    status: 403,
  })
  t.match(find({ msg: 'WSREJECT', reason: 'origin_not_allowed' }), {
    origin: 'http://evil?31m.example',
  })
  t.match(find({ msg: 'WSREJECT', reason: 'malformed_id' }), { resource: '/ws/payment-socket/:orderId/' })
  t.match(find({ msg: 'WSREJECT', reason: 'not_found' }), { resource: 'no route' })
  t.match(find({ msg: 'WSDISCONNECT', code: 4401 }), { user: Number, session, seconds: Number })
  t.match(find({ msg: 'WSDISCONNECT', code: 1012 }), { user: Number, session })
}
