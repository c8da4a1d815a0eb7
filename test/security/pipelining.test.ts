import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { headOf, parseAnswer, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { countOpen } from '../helpers/listen.js'
import { httpHead, openRaw, sendRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'

const SOCKET = '/ws/all-seat-datasocket/'
const SEAT = '/api/seats/demo-a1'
const get = (port: number, path: string, ...lines: string[]) =>
  httpHead(`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...lines)
const H2C = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
]
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

t.test('cuts a client that pipelines a thousand requests, without effect on others', async (t) => {
  const { app, port, url } = await startService(t, { demo: true })
  for (let i = 0; i < 8; i++) {
    const flood = await openRaw(port)
    flood.write(get(port, '/docs/openapi.json').repeat(1000))
    await flood.closed()
    t.ok(statuses(flood.text).length <= 1)
    flood.destroy()
  }
  t.match(await createClient(url).get(SEAT), { status: 200 })
  await untilSame(t, 'no connection is left open', () => countOpen(app.server), 0)
})

t.test('cuts a connection whose response is not read; WebSockets have timeouts of their own', async (t) => {
  const { app, port, url } = await startService(t, { demo: true })
  t.equal(app.server.timeout, 60_000)
  t.ok(app.server.timeout > app.server.requestTimeout, 'the idle timeout is longer than a request may take')
  const staff = await signIn(url, 'staff')
  const upgraded = once(app.websocketServer, 'connection')
  const socket = await connect(`${url}${SOCKET}`, { cookie: staff.cookie, protocol: 'houselights.v1' })
  const [, { socket: stream }] = await upgraded
  t.match(stream, { timeout: 0 }, 'a WebSocket has no idle timeout')
  t.equal(stream.listenerCount('timeout'), 0, 'and no listener for one')

  const accepted = once(app.server, 'connection')
  const unread = await openRaw(port)
  const [served]: Socket[] = await accepted
  unread.socket.pause()
  // the kernel buffers some megabytes
  let waiting = 0
  app.server.on('request', (_request, response) => {
    waiting++
    response.once('close', () => waiting--)
  })
  while (served && served.writableLength === 0) {
    unread.write(get(port, '/docs/openapi.json').repeat(8))
    await once(app.server, 'request')
    await until(
      () => waiting === 0 || served.writableLength > 0,
      'the responses to be accepted by the kernel, or pending',
    )
  }
  // a shorter timeout, for this connection only: a login on a busy machine takes longer
  served?.setTimeout(300)
  await until(() => served?.destroyed === true, 'the connection to be cut')
  await socket.roundTrip()
  await socket.close()
  unread.destroy()
})

t.test('answers pipelined requests that are waiting when the service stops', async (t) => {
  const { app, port, db, close } = await startService(t, { demo: true })
  const connection = await openRaw(port)
  let requests = 0
  app.server.on('request', () => requests++)
  let unlock = () => {}
  const locked = new Promise<void>((resolve) => {
    unlock = resolve
  })
  const lock = db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE seats IN ACCESS EXCLUSIVE MODE`
    connection.write(get(port, SEAT).repeat(3))
    await until(() => requests === 3, 'the requests to arrive')
    await locked
  })
  await until(() => requests === 3, 'the requests to arrive')
  const closed = close()
  await until(() => !app.server.listening, 'the server to stop listening')
  unlock()
  await lock
  await connection.closed()
  t.same(statuses(connection.text), [200, 200, 200])
  t.equal(connection.text.match(/connection: close/gi)?.length, 1, 'the last response closes the connection')
  await closed
})

t.test('ignores an upgrade to another protocol, and does not count it as a handshake', async (t) => {
  const { app, port, logs } = await startService(t, { demo: true, env: { WS_REFUSALS: '3' } })
  for (let i = 0; i < 4; i++) {
    const { text, closed } = await sendRaw(port, get(port, SEAT, ...H2C))
    t.match(parseAnswer(text), { status: 200, rest: '', headers: new Map([['connection', 'close']]) })
    t.ok(closed)
  }
  t.match(parseAnswer((await sendRaw(port, get(port, '/nope', ...H2C))).text), { status: 404 })
  t.match(parseAnswer((await sendRaw(port, get(port, '/%', ...H2C))).text), {
    status: 400,
    code: 'malformed_path',
  })
  const foreign = get(port, SEAT, ...H2C).replace(/Host: .*/, 'Host: evil.example')
  t.match(parseAnswer((await sendRaw(port, foreign)).text), { status: 400, code: 'disallowed_host' })
  t.match(await shakeHands(port, { path: SOCKET, upgrade: 'h2c' }), {
    status: 400,
    code: 'malformed_handshake',
  })
  t.match(
    await shakeHands(port, { path: SOCKET, cookie: null }),
    { status: 401 },
    'none of them counts as a refusal',
  )
  t.match(await shakeHands(port, { path: SEAT }), { status: 404 }, 'a handshake on another path')
  const rejected = logs.lines.filter(({ msg }) => msg === 'WSREJECT').map(({ status }) => status)
  t.same(rejected, [401, 404])
  await untilSame(t, 'no connection is left open', () => countOpen(app.server), 0)
})

t.test('reads the body of a request whose upgrade is ignored', async (t) => {
  const { port, url } = await startService(t, { demo: true })
  const body = JSON.stringify({ username: 'staff', password: DEMO_PASSWORD })
  const head = httpHead(
    'POST /api/auth/login HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    ...H2C,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  )
  t.match(parseAnswer((await sendRaw(port, head + body)).text), { status: 200 })
  const slow = await openRaw(port)
  slow.write(head + body.slice(0, 5))
  t.match(await createClient(url).get('/healthz'), { status: 200 })
  slow.write(body.slice(5))
  t.match(await readAnswer(slow), { status: 200, rest: '' })
  const smuggled = head.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')
  const { text } = await sendRaw(port, `${smuggled}0\r\n\r\n${get(port, '/healthz')}`)
  t.same(statuses(text), [400], 'an ambiguous length is refused')
})

t.test('cuts a connection that pipelines an upgrade behind another request', async (t) => {
  const { app, port, url, logs } = await startService(t, { demo: true })
  const staff = await signIn(url, 'staff')
  const shake = headOf(port, { path: SOCKET, cookie: staff.cookie })
  for (const upgrade of [shake, get(port, '/healthz', ...H2C)]) {
    const { text, closed } = await sendRaw(port, get(port, SEAT) + upgrade)
    t.match({ text, closed }, { text: '', closed: true })
  }
  await untilSame(t, 'no connection is left open', () => countOpen(app.server), 0)
  // but for what the start says of the test database's settings
  t.same(
    logs.lines.filter(({ level = 0, setting }) => level >= 40 && setting === undefined),
    [],
  )
})

t.test('ignores an unknown Expect header', async (t) => {
  const { port } = await startService(t, { demo: true })
  const answer = parseAnswer(
    (await sendRaw(port, get(port, '/api/auth/session', 'Expect: bogus', 'Connection: close'))).text,
  )
  t.match(answer, { status: 401, code: 'unauthenticated' })
  t.ok(answer.headers.has('content-security-policy'))
  const foreign = httpHead('GET / HTTP/1.1', 'Host: evil.example', 'Expect: bogus', 'Connection: close')
  t.match(parseAnswer((await sendRaw(port, foreign)).text), { status: 400, code: 'disallowed_host' })
})
