import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'

const HOST = 'shop.example.com'
const PRODUCTION = {
  NODE_ENV: 'production',
  ALLOWED_HOSTS: `${HOST},.theatre.example,https://pages.example.net:8443`,
  PAYMENT_PROVIDER: 'razorpay',
  RAZORPAY_KEY_ID: 'rzp_live_x',
  RAZORPAY_KEY_SECRET: 'razorpay-secret-that-nobody-may-see',
}
const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': HOST, 'x-forwarded-for': '192.0.2.7' }
const lines = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`)

t.test('production behind a trusted proxy has a __Host- cookie, HSTS and https origins only', async (t) => {
  const service = await startService(t, { demo: true, env: { ...PRODUCTION, TRUST_PROXY: 'loopback' } })
  const { url, port, logs } = service
  const client = createClient(url)
  const login = await client.post(
    '/api/auth/login',
    { username: 'staff', password: DEMO_PASSWORD },
    { headers: FORWARDED },
  )
  t.equal(login.status, 200)
  const [cookie = ''] = login.headers['set-cookie'] ?? []
  t.match(cookie, /^__Host-sessionid=[^;]+; /)
  for (const part of [/; Path=\//, /; HttpOnly/, /; Secure/, /; SameSite=Lax/, /; Expires=/])
    t.match(cookie, part)
  t.notMatch(cookie, /Domain/i)
  t.match(login.headers, {
    'strict-transport-security': /max-age=\d{7,}/,
    'content-security-policy': /upgrade-insecure-requests/,
  })
  t.match(await logs.expect({ msg: 'LOGIN' }), { address: '192.0.2.7' })
  const path = '/ws/all-seat-datasocket/'
  const shake = (origin: string | null, extra: Record<string, string> = {}) =>
    shakeHands(port, {
      path,
      cookie: client.cookie,
      origin,
      extra: lines({ ...FORWARDED, ...extra }),
    })
  t.equal((await shake(`https://${HOST}`)).status, 101)
  t.equal((await shake('https://pages.example.net:8443')).status, 101, 'a whole origin of ALLOWED_HOSTS')
  t.equal((await shake('https://pages.example.net:8443', { 'sec-fetch-site': 'cross-site' })).status, 101)
  const refused = [
    `http://${HOST}`,
    `https://${HOST}:443`,
    `https://${HOST}:8443`,
    `https://a.${HOST}`,
    `https://${HOST}.`,
    'https://pages.example.net',
    'http://pages.example.net:8443',
    'https://a.theatre.example',
    'null',
    null,
  ]
  for (const origin of refused)
    t.match(await shake(origin), { status: 403, code: 'origin_not_allowed' }, String(origin))
  const sub = await shake('https://a.theatre.example', { 'x-forwarded-host': 'a.theatre.example' })
  t.equal(sub.status, 101, 'an allowed subdomain, from its own page')
  const sibling = await shake('https://b.theatre.example', { 'x-forwarded-host': 'a.theatre.example' })
  t.equal(sibling.status, 403, 'not from a sibling’s page')
  t.match(await shake('https://evil.example', { 'x-forwarded-host': 'evil.example' }), { status: 400 })
  t.match(await client.get('/healthz', { headers: { ...FORWARDED, 'x-forwarded-host': 'evil.example' } }), {
    status: 200,
  })
  t.match(await client.get('/metrics'), { status: 403 }, 'no metrics in production without a token')
  const docs = await client.get('/docs/static/swagger-initializer.js', { headers: FORWARDED })
  t.match(docs, { status: 200, text: /"supportedSubmitMethods":\[\]/ }, 'the documentation sends no requests')
})

t.test('production refuses a login that is not known to be over https, and names the remedy', async (t) => {
  const { url, port } = await startService(t, { demo: true, env: PRODUCTION })
  const client = createClient(url)
  const headers = { host: HOST, 'x-forwarded-proto': 'https' }
  const login = await client.post(
    '/api/auth/login',
    { username: 'staff', password: DEMO_PASSWORD },
    { headers },
  )
  t.match(login, { status: 400, body: { error: 'insecure_transport', message: /TRUST_PROXY/ } })
  t.match(await client.post('/api/auth/guest', undefined, { headers }), {
    status: 400,
    body: { error: 'insecure_transport' },
  })
  t.notMatch(login.headers, { 'set-cookie': /./ })
  t.equal(login.headers['strict-transport-security'], undefined, 'no HSTS over http')
  const shake = await shakeHands(port, { path: '/ws/chat-socket/', host: HOST, origin: `https://${HOST}` })
  t.match(shake, { status: 401 })
  t.notOk(shake.headers.has('strict-transport-security'))
})

t.test('X-Forwarded-* from an untrusted client changes no decision, limit or address', async (t) => {
  const { url, port, logs, db } = await startService(t, { demo: true, env: { WS_REFUSALS: '3' } })
  const client = createClient(url)
  const extra = lines({
    ...FORWARDED,
    forwarded: 'for=192.0.2.7;host=evil.example',
    'x-real-ip': '192.0.2.7',
  })
  const path = '/ws/all-seat-datasocket/'
  const own = { path, cookie: null }
  for (let i = 0; i < 3; i++) {
    const more = [`X-Forwarded-For: 192.0.2.${i}`]
    t.equal((await shakeHands(port, { ...own, extra: [...extra.slice(0, 2), ...more] })).status, 401)
  }
  t.equal((await shakeHands(port, { ...own, extra: ['X-Forwarded-For: 192.0.2.99'] })).status, 429)
  const foreign = await client.get('/api/seats/demo-a1', {
    headers: { host: 'evil.example', 'x-forwarded-host': `127.0.0.1:${port}` },
  })
  t.match(foreign, { status: 400, body: { error: 'disallowed_host' } })
  t.match(await logs.expect({ msg: 'WSREJECT' }), { address: '127.0.0.1' })
  await postOrder(client)
  t.match(await db.session.findMany(), [{ ip: '127.0.0.1' }])
  const forwarded = await client.get('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } })
  t.equal(forwarded.status, 403, 'a proxied request is not from loopback')
})

t.test('ALLOWED_HOSTS=* allows any or no origin, but still requires a session', async (t) => {
  const { url, port } = await startService(t, { demo: true, env: { ALLOWED_HOSTS: '*' } })
  const client = createClient(url)
  await client.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
  const path = '/ws/all-seat-datasocket/'
  for (const origin of [null, 'null', '', 'http://evil.example', 'https://x.example:99']) {
    t.equal((await shakeHands(port, { path, cookie: client.cookie, origin })).status, 101, String(origin))
  }
  const extra = ['Origin: http://evil.example']
  t.equal((await shakeHands(port, { path, cookie: client.cookie, extra })).status, 101, 'two Origin headers')
  t.equal((await shakeHands(port, { path, cookie: client.cookie, host: 'any.example' })).status, 101)
  t.equal((await shakeHands(port, { path, cookie: null })).status, 401)
  t.equal((await shakeHands(port, { path, cookie: client.cookie, extra: ['Host: b'] })).status, 400)
})
