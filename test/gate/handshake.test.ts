import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { listen } from '../helpers/listen.js'
import { httpHead, openRaw, sendRaw } from '../helpers/raw-connection.js'
import { connect, refused } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'
import { SITE_KEYS, type Site, type SiteDatabase, siteDatabase, startSite } from './django.js'
import { type Gate, type GateOptions, installTriggers, LIVE_ORDERS, siteRoutes, startGate } from './gate.js'
import { cookieOf, insertCrowd, insertSession } from './session-row.js'

let shared: Promise<{ site: Site; database: SiteDatabase }> | undefined

async function start() {
  const database = await siteDatabase(t)
  return { database, site: await startSite(t, database) }
}

async function scene(t: Test, options: Partial<GateOptions> = {}) {
  shared ??= start()
  const { site, database } = await shared
  const gate = await startGate(t, { database, file: { routes: siteRoutes(site) }, ...options })
  const cookie = async (username: string) => cookieOf(await insertSession(database, { username }))
  return { site, database, gate, cookie }
}

const statusOf = async (gate: Gate, path: string, options: Parameters<typeof refused>[1] = {}) =>
  (await refused(gate.url + path, options)).status

t.test('guards', async (t) => {
  const { gate, cookie } = await scene(t)
  const [staff, asha, boss] = [await cookie('staff'), await cookie('asha'), await cookie('boss')]
  const opens = async (path: string, by: string) => (await connect(gate.url + path, { cookie: by })).close()
  await opens(LIVE_ORDERS, staff)
  await opens(LIVE_ORDERS, boss)
  t.equal(await statusOf(gate, LIVE_ORDERS, { cookie: asha }), 403, 'staff')
  await opens('/ws/chat-socket/', boss)
  t.equal(await statusOf(gate, '/ws/chat-socket/', { cookie: staff }), 403, 'superuser')
  await opens('/ws/echo/a/', asha)
  await opens('/ws/payment-socket/1/', asha)
  await opens('/ws/payment-socket/1', asha)
  const others = await refused(`${gate.url}/ws/payment-socket/1/`, { cookie: staff })
  const none = await refused(`${gate.url}/ws/payment-socket/999/`, { cookie: asha })
  t.same(
    [others.status, others.body],
    [none.status, none.body],
    'another’s order is as one that does not exist',
  )
  t.equal(others.status, 403)
  for (const id of [
    'x',
    '1e3',
    '99999999999999999999',
    '0x1',
    `1'; DROP TABLE theatre_order; --`,
    '1 OR 1=1',
    'ü',
  ])
    t.equal(await statusOf(gate, `/ws/payment-socket/${encodeURIComponent(id)}/`, { cookie: asha }), 403, id)
})

t.test('refusals come before the upgrade, and none says why in its own words', async (t) => {
  const { gate, cookie } = await scene(t)
  const own = await cookie('staff')
  const cases: [
    what: string,
    status: number,
    code: string,
    options: Parameters<typeof refused>[1],
    path?: string,
  ][] = [
    ['no session', 401, 'unauthenticated', {}],
    ['an invented session', 401, 'unauthenticated', { cookie: `sessionid=${'a'.repeat(32)}` }],
    ['no Origin', 403, 'origin_not_allowed', { cookie: own, origin: null }],
    ['a foreign Origin', 403, 'origin_not_allowed', { cookie: own, origin: 'https://evil.example' }],
    ['another port', 403, 'origin_not_allowed', { cookie: own, origin: 'http://127.0.0.1:1' }],
    ['an Origin with a dot', 403, 'origin_not_allowed', { cookie: own, origin: `${gate.url}.` }],
    ['null', 403, 'origin_not_allowed', { cookie: own, origin: 'null' }],
    ['cross-site', 403, 'origin_not_allowed', { cookie: own, headers: { 'sec-fetch-site': 'cross-site' } }],
    ['same-site', 403, 'origin_not_allowed', { cookie: own, headers: { 'sec-fetch-site': 'same-site' } }],
    ['a foreign host', 400, 'disallowed_host', { cookie: own, headers: { host: 'evil.example' } }],
    ['no socket', 404, 'not_found', { cookie: own }, '/ws/other/'],
    ['a part with a slash', 400, 'malformed_path', { cookie: own }, '/ws/echo/a%2Fb/'],
    ['a part with a NUL', 400, 'malformed_path', { cookie: own }, '/ws/echo/%00/'],
    ['a broken percent sequence', 400, 'malformed_path', { cookie: own }, '/ws/echo/%E0%A4%A/'],
  ]
  for (const [what, status, error, options, path = LIVE_ORDERS] of cases)
    t.match(await refused(gate.url + path, options), { status, body: { error } }, what)
  const raw = (line: string, version = 13) =>
    sendRaw(
      gate.port,
      httpHead(
        `${line} HTTP/1.1`,
        `Host: 127.0.0.1:${gate.port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        `Sec-WebSocket-Version: ${version}`,
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        `Origin: ${gate.url}`,
        `Cookie: ${own}`,
      ),
      { within: 2000 },
    )
  t.match((await raw(`GET ${LIVE_ORDERS}`, 8)).text, /^HTTP\/1\.1 400 /, 'version 8')
  t.match((await raw(`POST ${LIVE_ORDERS}`)).text, /^HTTP\/1\.1 404 /, 'another method')
  t.match(
    (await raw(`GET http://127.0.0.1:${gate.port}${LIVE_ORDERS}`)).text,
    /^HTTP\/1\.1 400 /,
    'an absolute form',
  )
  for (const path of ['/ws/echo/%2e%2e/', '/ws/echo/./', '/ws/echo/../'])
    t.match((await raw(`GET ${path}`)).text, /^HTTP\/1\.1 400 .*malformed_path/s, `${path} leads elsewhere`)
  t.equal((await fetch(gate.url + LIVE_ORDERS)).status, 426)
})

t.test('what the upstream is told', async (t) => {
  const { gate, cookie } = await scene(t)
  const own = await cookie('asha')
  const socket = await connect(`${gate.url}/ws/echo/${encodeURIComponent('a b:ü')}/?key=stolen&x=1`, {
    cookie: `other=1; ${own}`,
    protocol: ['one', 'two'],
    headers: {
      'user-agent': 'a browser',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9',
      'x-remote-user': '1',
      X_Remote_User: '1',
      'x_forwarded-for': '203.0.113.9',
    },
  })
  t.equal(socket.ws.protocol, 'two', 'the upstream chose it')
  socket.send('headers')
  const told = await socket.expect<{ headers: [string, string][]; path: string; query: string }>(
    ({ headers }) => headers !== undefined,
  )
  t.equal(told.path, '/ws/echo/a b:ü')
  t.equal(told.query, 'fixed=1', 'the client’s own query is not passed on')
  const valuesOf = (name: string) => told.headers.filter(([each]) => each === name).map(([, value]) => value)
  t.same(valuesOf('host'), [`127.0.0.1:${gate.port}`])
  t.same(valuesOf('origin'), [gate.url])
  t.same(valuesOf('cookie'), [`other=1; ${own}`])
  t.same(valuesOf('user-agent'), ['a browser'])
  t.same(valuesOf('x-forwarded-for'), ['127.0.0.1'])
  t.same(valuesOf('x-remote-user'), ['3'])
  t.same(valuesOf('sec-websocket-protocol').join().split(/, ?/), ['one', 'two'])
  const names = told.headers.map(([name]) => name.replaceAll('_', '-'))
  t.strictSame(
    names.filter((name) => /^(?:forwarded|x-forwarded-.*|x-remote-user)$/.test(name)).sort(),
    ['x-forwarded-for', 'x-remote-user'],
    'nothing of what the client said of itself',
  )
})

t.test('behind a proxy in TRUST_PROXY the address is the browser’s', async (t) => {
  const { gate, cookie } = await scene(t, {
    env: { TRUST_PROXY: 'loopback', ALLOWED_HOSTS: 'orders.example' },
  })
  const socket = await connect(`${gate.url}/ws/echo/a/`, {
    cookie: await cookie('asha'),
    origin: 'https://orders.example',
    headers: {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'orders.example',
      'x-forwarded-proto': 'https',
    },
  })
  socket.send('headers')
  const told = await socket.expect<{ headers: [string, string][] }>(({ headers }) => headers !== undefined)
  t.same(
    told.headers.filter(([name]) => name.startsWith('x-forwarded')),
    [['x-forwarded-for', '203.0.113.9']],
  )
})

t.test('neither keys nor sessions are logged, and each handshake is', async (t) => {
  const { gate, cookie } = await scene(t, { env: { METRICS_TOKEN: 'token-of-the-metrics' } })
  const own = await cookie('staff')
  await (await connect(`${gate.url + LIVE_ORDERS}?key=an-old-key`, { cookie: own })).close()
  await refused(`${gate.url + LIVE_ORDERS}?key=an-old-key`, {})
  await gate.logs.expect({ msg: 'WSCONNECT', resource: LIVE_ORDERS, user: '1' })
  await gate.logs.expect({ msg: 'WSREJECT', status: 401, reason: 'unauthenticated' })
  await gate.logs.expect({ msg: 'WSDISCONNECT', code: 1000 })
  const metrics = await fetch(`${gate.url}/metrics`, {
    headers: { authorization: 'Bearer token-of-the-metrics' },
  })
  const text = await metrics.text()
  t.match(text, /houselights_deprecated_keys_total 2/)
  t.match(text, /houselights_handshakes_total\{verdict="accepted",reason="none"\} 1/)
  t.equal((await fetch(`${gate.url}/metrics`)).status, 401)
  for (const secret of [...Object.values(SITE_KEYS), own.slice(10), 'an-old-key'])
    t.notOk(gate.logs.text.includes(secret) || text.includes(secret), 'no secret')
})

t.test('the number of sockets and of handshakes is bounded for each user', async (t) => {
  const { gate, cookie } = await scene(t, { env: { WS_MAX_PER_USER: '2' } })
  const own = await cookie('staff')
  const [first] = [
    await connect(gate.url + LIVE_ORDERS, { cookie: own }),
    await connect(gate.url + LIVE_ORDERS, { cookie: own }),
  ]
  const many = await refused(gate.url + LIVE_ORDERS, { cookie: await cookie('staff') })
  t.match(many, { status: 429, body: { error: 'too_many_requests' } })
  t.ok(many.headers['retry-after'])
  await first?.close()
  const another = await cookie('staff')
  const opened = async () =>
    connect(gate.url + LIVE_ORDERS, { cookie: another }).then(
      async (socket) => socket.close().then(() => true),
      () => false,
    )
  await untilSame(t, 'a place that becomes free is free', opened, true)
})

t.test('a client with a live session is not touched by the refusals of others at its address', async (t) => {
  const { gate, cookie } = await scene(t, { env: { WS_REFUSALS: '5' } })
  const invented = () => `sessionid=${Math.random().toString(36).slice(2).padEnd(20, '0')}`
  const seen: number[] = []
  for (let i = 0; i < 8; i++) seen.push(await statusOf(gate, LIVE_ORDERS, { cookie: invented() }))
  t.same(seen, [401, 401, 401, 401, 401, 429, 429, 429], 'invented keys count for the address')
  t.equal(await statusOf(gate, LIVE_ORDERS), 429)
  const own = await cookie('staff')
  await (await connect(gate.url + LIVE_ORDERS, { cookie: own })).close()
  const customer = await cookie('asha')
  const refusals: number[] = []
  for (let i = 0; i < 7; i++) refusals.push(await statusOf(gate, LIVE_ORDERS, { cookie: customer }))
  t.same(refusals, [403, 403, 403, 403, 403, 429, 429], 'a session has a count of its own')
  await (await connect(gate.url + LIVE_ORDERS, { cookie: own })).close()
})

/** An upstream that answers a handshake only when the test says so. */
async function slowUpstream(t: Test) {
  const server = createServer()
  const wss = new WebSocketServer({ noServer: true })
  const waiting: (() => void)[] = []
  server.on('upgrade', (request, socket, head) => {
    waiting.push(() =>
      wss.handleUpgrade(request, socket, head, (ws) => ws.on('error', () => {}).send('a secret')),
    )
  })
  const port = await listen(server)
  t.teardown(() => {
    for (const ws of wss.clients) ws.terminate()
    server.close()
  })
  return { upstream: `ws://127.0.0.1:${port}/`, waiting, open: () => wss.clients.size }
}

t.test('the verdict is taken again once the upstream has answered', async (t) => {
  const { upstream, waiting, open } = await slowUpstream(t)
  const routes = [
    { path: '/ws/staff/', guard: 'staff', upstream },
    {
      path: '/ws/order/:id/',
      guard: { sql: 'SELECT 1 FROM theatre_order WHERE id = $id AND customer_id = $user' },
      upstream,
    },
    {
      path: '/ws/session/',
      guard: { sql: 'SELECT 1 FROM django_session WHERE session_key = $session' },
      upstream,
    },
  ]
  const { gate, database, cookie } = await scene(t, { file: { routes } })
  const cases: [path: string, status: number, act: string, undo: string | null][] = [
    ['/ws/staff/', 401, 'DELETE FROM django_session', null],
    ['/ws/session/', 401, 'DELETE FROM django_session', null],
    [
      '/ws/staff/',
      403,
      'UPDATE auth_user SET is_staff = false WHERE id = 1',
      'UPDATE auth_user SET is_staff = true WHERE id = 1',
    ],
    [
      '/ws/order/1/',
      403,
      'UPDATE theatre_order SET customer_id = 2',
      'UPDATE theatre_order SET customer_id = 3',
    ],
  ]
  for (const [path, status, act, undo] of cases) {
    const own = await cookie(path.includes('order') ? 'asha' : 'staff')
    const answer = refused(gate.url + path, { cookie: own })
    const accept = await until(() => waiting.shift(), 'the upstream to be asked')
    await database.query(act)
    accept()
    t.equal((await answer).status, status, `${path}: ${act}`)
    if (undo) await database.query(undo)
  }
  await untilSame(t, 'no socket is left at the upstream', open, 0)
  t.equal(gate.app.django.watch.size, 0)
})

t.test('a client that goes during its handshake takes its connection to the upstream along', async (t) => {
  const held = new Set<Socket>()
  let asked = 0
  const server = createServer()
  server.on('connection', (socket) => {
    held.add(socket)
    // an HTTP server leaves its own half open
    const end = () => held.delete(socket)
    socket
      .on('error', () => {})
      .once('end', end)
      .once('close', end)
  })
  // it never answers
  server.on('upgrade', (_request, socket) => {
    asked++
    socket.resume()
  })
  const upstream = `ws://127.0.0.1:${await listen(server)}/`
  t.teardown(() => {
    for (const socket of held) socket.destroy()
    server.close()
  })
  const { gate, cookie } = await scene(t, { file: { routes: [{ path: '/ws/', guard: 'user', upstream }] } })
  const raw = await openRaw(gate.port)
  raw.write(
    httpHead(
      'GET /ws/ HTTP/1.1',
      `Host: 127.0.0.1:${gate.port}`,
      `Origin: ${gate.url}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Cookie: ${await cookie('asha')}`,
    ),
  )
  await until(() => asked === 1, 'the upstream to be asked')
  const gone = until(() => held.size === 0, 'the upstream’s connection to end')
  raw.destroy()
  // not only by the deadline for the upstream's answer
  await gate.logs.refute(({ msg = '' }) => msg.includes('refused or did not answer'), { until: gone })
  await gate.logs.expect({ msg: 'WSREJECT', reason: 'malformed_handshake' })
})

t.test('a hundred sessions that end at any moment of their handshakes leave no socket', async (t) => {
  const { upstream, waiting, open } = await slowUpstream(t)
  const { gate, database } = await scene(t, {
    file: { routes: [{ path: '/ws/', guard: 'user', upstream }] },
    env: { WS_MAX_PER_USER: '1000' },
  })
  await installTriggers(database)
  t.teardown(() => installTriggers(database, 'gate-remove.sql'))
  const keys = await insertCrowd(database, ['asha'], 100)
  const accepting = setInterval(() => waiting.shift()?.(), 2)
  t.teardown(() => clearInterval(accepting))
  const handshakes = keys.map((key) =>
    connect(`${gate.url}/ws/`, { cookie: cookieOf(key) }).catch(() => null),
  )
  // one after the other, each in a transaction of its own, while the handshakes are under way
  for (const key of keys) await database.query('DELETE FROM django_session WHERE session_key = $1', [key])
  const attempts = handshakes.map(async (handshake) => (await handshake)?.closed())
  const ends = await Promise.all(attempts)
  // 1012 where another session of the same user is still live, and ends later
  t.ok(ends.every((end) => end === undefined || end.code === 4401 || end.code === 1012))
  await untilSame(t, 'no socket is left at the upstream', () => open() + waiting.length, 0)
})

t.test('a whole house that is signed out at once', async (t) => {
  const { upstream, waiting, open } = await slowUpstream(t)
  const { gate, database } = await scene(t, {
    file: { routes: [{ path: '/ws/', guard: 'user', upstream }] },
    env: { WS_MAX_PER_USER: '1000' },
  })
  await installTriggers(database)
  t.teardown(() => installTriggers(database, 'gate-remove.sql'))
  const accepting = setInterval(() => waiting.shift()?.(), 1)
  t.teardown(() => clearInterval(accepting))
  const keys = await insertCrowd(database, ['staff', 'second', 'asha', 'ravi', 'boss'], 60)
  const sockets = await Promise.all(keys.map((key) => connect(`${gate.url}/ws/`, { cookie: cookieOf(key) })))
  await database.query('TRUNCATE django_session')
  const ends = await Promise.all(sockets.map((socket) => socket.closed()))
  t.ok(ends.every(({ code }) => code === 4401))
  await untilSame(t, 'no socket is left at the upstream', open, 0)
})

t.test('an upstream that is away, refuses, or answers nonsense', async (t) => {
  const server = createServer((request, response) =>
    response.writeHead(Number(request.url?.slice(1))).end('<html>'),
  )
  server.on('upgrade', (request, socket) => {
    if (request.url === '/101')
      socket.end(
        'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      )
    else socket.end(`HTTP/1.1 ${request.url?.slice(1)} X\r\nContent-Length: 6\r\n\r\n<html>`)
  })
  const port = await listen(server)
  t.teardown(() => server.close())
  const route = (name: string, at: string) => ({ path: `/ws/${name}/`, guard: 'user', upstream: at })
  const routes = [
    ...['101', '403', '404', '500'].map((status) => route(status, `ws://127.0.0.1:${port}/${status}`)),
    route('away', 'ws://127.0.0.1:1/'),
  ]
  const { gate, cookie } = await scene(t, { file: { routes } })
  const own = await cookie('asha')
  const seen = await Promise.all(routes.map(({ path }) => refused(gate.url + path, { cookie: own })))
  t.same(
    seen.map(({ status, body }) => [status, (body as { error: string }).error]),
    [
      [503, 'upstream_unavailable'],
      [403, 'upstream_refused'],
      [403, 'upstream_refused'],
      [503, 'upstream_unavailable'],
      [503, 'upstream_unavailable'],
    ],
  )
  t.notOk(seen.some(({ body }) => JSON.stringify(body).includes('html')))
  await untilSame(t, 'no socket is left', () => gate.app.django.watch.size, 0)
  await Promise.all(Array.from({ length: 20 }, () => refused(`${gate.url}/ws/away/`, { cookie: own })))
  const lines = gate.logs.lines.filter(
    ({ msg, route }) => msg?.includes('refused or did not answer') && route === '/ws/away/',
  )
  t.ok(lines.length > 0 && lines.length < 21, `${lines.length} log lines of 21 failures`)
  const ready = await fetch(`${gate.url}/readyz`)
  t.equal(ready.status, 200)
  t.match(await ready.json(), { status: 'degraded', upstream: 'down', database: 'up' })
})
