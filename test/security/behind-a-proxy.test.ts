import type { IncomingHttpHeaders } from 'node:http'
import t, { type Test } from 'tap'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { startKeepAliveProxy } from '../helpers/keep-alive-proxy.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'

const PATH = '/ws/all-seat-datasocket/'
const STAFF = { username: 'staff', password: DEMO_PASSWORD }
/** what a browser sends to the address that the proxy has, over https and on a port of its own */
const HOST = 'shop.example:8443'
const ORIGIN = `https://${HOST}`
const ENV = {
  RATE_LIMITS: 'off',
  TRUST_PROXY: 'loopback',
  ALLOWED_HOSTS: 'shop.example',
  WS_REFUSALS: '1000',
}

/** How proxies pass the host on. */
const PROXIES: Record<string, (headers: IncomingHttpHeaders) => IncomingHttpHeaders> = {
  'in Host': (headers) => ({ ...headers, 'x-forwarded-proto': 'https' }),
  'in X-Forwarded-Host': ({ host, ...headers }) => ({
    ...headers,
    host: 'shop.example',
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
  }),
}

async function startBehind(t: Test, headersFor: (headers: IncomingHttpHeaders) => IncomingHttpHeaders) {
  const service = await startService(t, { demo: true, env: ENV })
  const proxy = await startKeepAliveProxy(t, service.port, headersFor)
  const client = createClient(`http://127.0.0.1:${proxy.port}`)
  const logIn = (headers: IncomingHttpHeaders) => client.post('/api/auth/login', STAFF, { headers })
  const shake = (origin: string, cookie: string | null = null) =>
    shakeHands(proxy.port, { path: PATH, host: HOST, origin, cookie })
  return { client, logIn, shake, proxy }
}

for (const [how, headersFor] of Object.entries(PROXIES)) {
  t.test(`a refused handshake cuts no later request of its proxy; the host is ${how}`, async (t) => {
    const { client, shake, proxy } = await startBehind(t, headersFor)
    const headers = { host: HOST, origin: ORIGIN }
    const statuses = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const [first, second] = [
        await shake(ORIGIN),
        await client.post('/api/auth/logout', undefined, { headers }),
      ]
      statuses.add(`${first.status} then ${second.status}`)
    }
    t.same(statuses, new Set(['401 then 204']))
    t.ok(proxy.connections() <= 51, 'requests share connections')
  })

  t.test(`own host and port are those that the proxy names; the host is ${how}`, async (t) => {
    const { client, logIn, shake } = await startBehind(t, headersFor)
    // a browser without Fetch-Metadata
    t.equal((await logIn({ host: HOST, origin: ORIGIN })).status, 200)
    t.equal((await shake(ORIGIN, client.cookie)).status, 101)
    for (const other of [
      'https://shop.example',
      'https://shop.example:8444',
      'https://evil.example:8443',
      'http://shop.example',
    ]) {
      t.match(
        await logIn({ host: HOST, origin: other }),
        { status: 403, body: { error: 'cross_origin' } },
        other,
      )
      t.match(await shake(other, client.cookie), { status: 403, code: 'origin_not_allowed' }, other)
    }
  })
}

t.test('a refusal says that its connection ends', async (t) => {
  const { port } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  for (const shake of [
    { path: PATH },
    { path: PATH, origin: 'https://evil.example' },
    { path: PATH, version: '8' },
    { path: '/nope' },
    { path: '/api/auth/session' },
    { path: '/ws/payment-socket/01/' },
    { path: '/ws/%E0%A4%A' },
    { path: `/ws/payment-socket/${'1'.repeat(200)}/` },
  ]) {
    const { status, headers } = await shakeHands(port, shake)
    t.match(
      { status, connection: headers.get('connection') },
      { status: /^4\d\d$/, connection: 'close' },
      shake.path,
    )
  }
})
