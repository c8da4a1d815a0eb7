import t from 'tap'
import { within } from '../helpers/deadline.js'
import { headOf, parseAnswer, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { countOpen } from '../helpers/listen.js'
import { openRaw, sendRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'

const UNLIMITED = { RATE_LIMITS: 'off' }

t.test('an upgrade refused before any hook leaks no socket and does not delay the shutdown', async (t) => {
  const service = await startService(t, { demo: true, env: UNLIMITED })
  const { app, port, logs } = service
  const paths: [path: string, overHttp: number][] = [
    ['/ws/payment-socket/%E0%A4%A/', 400],
    ['/%', 400],
    [`/ws/payment-socket/${'1'.repeat(200)}/`, 414],
    [`/api/seats/${'x'.repeat(5000)}`, 414],
  ]
  for (const [path, overHttp] of paths) {
    const answer = await shakeHands(port, { path })
    t.match(answer, { status: 400, code: 'malformed_path', rest: '' }, path.slice(0, 40))
    t.notMatch(answer.body, /FST_|statusCode|%E0|xxxx|1111/, 'no internal details, no echo')
    t.equal((await createClient(service.url).get(path)).status, overHttp, 'over HTTP')
  }
  t.match(await logs.expect({ msg: 'WSREJECT', reason: 'malformed_path' }), { status: 400 })
  const held = await openRaw(port)
  held.write(headOf(port, { path: '/ws/%E0%A4%A' }))
  await untilSame(t, 'no connection is left open', () => countOpen(app.server), 0)
  await within(service.close(), 25_000, 'the service to stop')
})

t.test('an upgrade of any route that is not a socket gets 404', async (t) => {
  const { app, port, url } = await startService(t, { demo: true, env: UNLIMITED, pages: true })
  const admin = await signIn(url, 'admin')
  const routes = app.routeTable.filter(({ isSocket }) => !isSocket)
  t.ok(routes.length > 40, `${routes.length} routes`)
  for (const { method, url: pattern } of routes) {
    const path = pattern.replace(/:\w+/g, '1').replace('*', 'x.js')
    const answer = await shakeHands(port, { path, method, cookie: admin.cookie })
    t.match(answer, { status: 404, rest: '' }, `${method} ${pattern}`)
  }
  for (const path of [
    '/',
    '/nope',
    '/ws',
    '/ws/',
    '/ws/nope/',
    '/healthz/',
    '/assets/../healthz',
    '//',
    '/*',
  ]) {
    const answer = await shakeHands(port, { path, cookie: admin.cookie })
    t.equal(answer.status, 404, path)
  }
  t.equal(
    (await shakeHands(port, { path: '*', method: 'OPTIONS', cookie: admin.cookie })).status === 101,
    false,
  )
  await untilSame(t, 'no connection is left open', () => countOpen(app.server), 0)
})

t.test('refuses requests with an ambiguous length (request smuggling)', async (t) => {
  const { port, url } = await startService(t, { demo: true, env: UNLIMITED })
  const staff = await signIn(url, 'staff')
  const path = '/ws/all-seat-datasocket/'
  const second = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
  const isAnswered = /HTTP\/1\.1 \d{3}(?:.|\r|\n)+HTTP\/1\.1 \d{3}/
  for (const cookie of [null, staff.cookie]) {
    // bytes behind an accepted upgrade are parsed as a frame, which is invalid
    const { text, closed } = await sendRaw(port, headOf(port, { path, cookie, body: second }))
    t.ok(closed)
    t.match(text, cookie ? /^HTTP\/1.1 101/ : /^HTTP\/1.1 401/)
    t.notMatch(text, isAnswered, `a second request behind ${cookie ? 'an accepted' : 'a refused'} upgrade`)
  }
  const smuggled = await sendRaw(
    port,
    `POST /api/auth/logout HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  )
  t.match(smuggled, { closed: true, text: /^HTTP\/1.1 400 / })
  t.notMatch(smuggled.text, isAnswered, 'Content-Length and Transfer-Encoding')
  for (const length of ['1, 1', '+1', '-1', '1 1', '0x1']) {
    const bad = await sendRaw(
      port,
      `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\nx${second}`,
    )
    t.match(bad, { closed: true, text: /^HTTP\/1.1 400 / }, `Content-Length ${length}`)
    t.notMatch(bad.text, isAnswered)
  }
  for (const extra of [
    ['Content-Length: 3', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: x, chunked'],
  ]) {
    const { text } = await sendRaw(
      port,
      headOf(port, { path, cookie: staff.cookie, extra, body: `0\r\n\r\n${second}` }),
    )
    t.match(text, /^HTTP\/1.1 400 /, extra.join())
    t.notMatch(text, isAnswered)
  }
})

t.test('cuts slow headers, slow bodies and silent connections', async (t) => {
  const { app, port } = await startService(t)
  t.equal(app.server.headersTimeout, 10_000)
  t.ok(app.server.requestTimeout <= 30_000 && app.server.requestTimeout > 0)
  t.ok(app.server.keepAliveTimeout <= 75_000 && app.server.keepAliveTimeout > 0)
  t.ok(app.server.maxConnections > 0)
  // the same timeouts, shorter
  app.server.headersTimeout = 300
  app.server.requestTimeout = 400
  const [silent, slow, slowBody] = await Promise.all([openRaw(port), openRaw(port), openRaw(port)])
  slow.write('GET / HTTP/1.1\r\nHost: ')
  const drip = setInterval(() => slow.write('a'), 50)
  slowBody.write(
    `POST /webhooks/payments HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 100\r\n\r\nx`,
  )
  await Promise.all([silent.closed(), slow.closed(), slowBody.closed()])
  clearInterval(drip)
  const answer = parseAnswer(slow.text)
  t.match(answer, { status: 408, code: 'request_timeout' })
  t.ok(answer.headers.has('content-security-policy'))
  app.server.maxConnections = 1
  const [one] = await Promise.all([openRaw(port)])
  const two = await openRaw(port)
  await two.closed()
  one.destroy()
})

t.test('a flood of headers hides no duplicate Host or Origin', async (t) => {
  const { port, url } = await startService(t, { demo: true, env: UNLIMITED })
  const staff = await signIn(url, 'staff')
  const path = '/ws/all-seat-datasocket/'
  const shake = (count: number) => {
    const extra = [
      ...Array.from({ length: count }, () => 'a:'),
      'Origin: http://evil.example',
      'Host: evil.example',
    ]
    return shakeHands(port, { path, cookie: staff.cookie, extra })
  }
  for (const count of [0, 150, 191, 192, 193, 195, 2000, 2100]) {
    const { status } = await shake(count)
    t.ok(status === 400 || status === 403, `${count} headers: ${status}`)
  }
  const flood = Array.from({ length: 2100 }, () => 'a:').join('\r\n')
  const http = await sendRaw(
    port,
    `GET /api/auth/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${flood}\r\nHost: evil.example\r\n\r\n`,
  )
  t.match(parseAnswer(http.text), { status: 431, code: 'headers_too_large' })
})

t.test('a client that resets at any stage of the handshake leaves nothing open or counted', async (t) => {
  const { app, port, url } = await startService(t, {
    demo: true,
    env: { ...UNLIMITED, WS_MAX_PER_USER: '3' },
  })
  const staff = await signIn(url, 'staff')
  const path = '/ws/all-seat-datasocket/'
  const whole = headOf(port, { path, cookie: staff.cookie })
  const { id } = (await staff.get<{ user: { id: number } }>('/api/auth/session')).body.user
  for (const length of [0, 1, 20, whole.length - 1, whole.length]) {
    await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const connection = await openRaw(port)
        connection.write(whole.slice(0, length))
        // spread over the duration of the look-up
        if (i % 3 > 0) await new Promise((resolve) => setTimeout(resolve, i))
        connection.socket.resetAndDestroy()
      }),
    )
  }
  // look-ups of reset connections may still be running
  const shake = async () => (await shakeHands(port, { path, cookie: staff.cookie })).status
  await untilSame(
    t,
    'three sockets can be opened',
    async () => [await shake(), await shake(), await shake()],
    [101, 101, 101],
  )
  await untilSame(t, 'no socket is counted', () => app.socketLimits.count(id), 0)
  for (let i = 0; i < 5; i++) {
    const connection = await openRaw(port)
    connection.write(whole)
    t.equal((await readAnswer(connection)).status, 101, 'accepted')
    connection.write(Buffer.from([0x81, 0xfe, 0x00]))
    connection.socket.resetAndDestroy()
    await untilSame(t, 'the socket is no longer counted', () => app.socketLimits.count(id), 0)
  }
  await untilSame(
    t,
    'nothing is left open',
    async () => [await countOpen(app.server), app.hub.connections.size],
    [0, 0],
  )
})
