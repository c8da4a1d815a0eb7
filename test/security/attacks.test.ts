import { once } from 'node:events'
import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { headOf, parseAnswer, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { countOpen } from '../helpers/listen.js'
import { openRaw, sendRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { until, untilSame } from '../helpers/until.js'
import { frame, OPCODE } from './frames.js'

const PATH = '/ws/all-seat-datasocket/'

/** Seeded generator (mulberry32), so that a failure can be replayed. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

t.test('malformed bytes cause no crash, no 5xx, no leak and no access', async (t) => {
  const service = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const { app, port, url, logs } = service
  const staff = await signIn(url, 'staff')
  const guest = createClient(url)
  await postOrder(guest)
  const left = async () => [await countOpen(app.server), app.hub.connections.size, app.hub.lingering.size]

  await t.test('half-closed connections are cleaned up', async (t) => {
    for (const cookie of [null, staff.cookie]) {
      for (const cut of [30, 0]) {
        const connection = await openRaw(port)
        const head = headOf(port, { path: PATH, cookie })
        connection.socket.end(head.slice(0, head.length - cut), 'latin1')
        await connection.closed()
        connection.destroy()
      }
    }
    await untilSame(t, 'nothing is left open', left, [0, 0, 0])
  })

  await t.test('a handshake works on a reused connection, with frames right behind it', async (t) => {
    const connection = await openRaw(port)
    connection.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    await connection.expect(/"ok"/)
    connection.text = ''
    const extra = ['Sec-WebSocket-Protocol: houselights.v1']
    const shake = headOf(port, { path: PATH, cookie: staff.cookie, extra })
    connection.write(Buffer.concat([Buffer.from(shake), frame(OPCODE.text, '{"type":"subscribe"}')]))
    await connection.expect(/"type":"snapshot"/)
    connection.destroy()
    const refused = await openRaw(port)
    const early = Buffer.concat(Array.from({ length: 200 }, () => frame(OPCODE.text, '{"type":"subscribe"}')))
    refused.write(Buffer.concat([Buffer.from(headOf(port, { path: PATH, cookie: guest.cookie })), early]))
    const answer = await readAnswer(refused)
    t.match(answer, { status: 403, rest: '' }, 'a refused client receives no frame, whatever it sends')
    await untilSame(t, 'nothing is left open', left, [0, 0, 0])
  })

  await t.test('invalid upgrades and other protocols are never accepted', async (t) => {
    const own = `Host: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nCookie: ${staff.cookie}`
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    const tries = [
      `GET ${PATH} HTTP/1.1\r\n${own}\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
      `GET ${PATH} HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\n${key}\r\n\r\n`,
      `CONNECT 127.0.0.1:${port} HTTP/1.1\r\n${own}\r\n\r\n`,
      `CONNECT ${PATH} HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `GET ${PATH} HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n\r\n`,
      `OPTIONS * HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
      `GET ${PATH}\t HTTP/1.1\r\n${own}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
      `GET ${PATH}#x HTTP/1.1\r\n${own.replace('Origin', 'X')}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
    ]
    for (const bytes of tries) {
      const { text } = await sendRaw(port, bytes, { within: 300 })
      t.notMatch(text, /^HTTP\/1.1 (101|5)/, bytes.slice(0, 40))
    }
    await untilSame(t, 'nothing is left open', left, [0, 0, 0])
  })

  await t.test('answers 2,000 requests on one connection, pipelined up to the limit', async (t) => {
    const connection = await openRaw(port)
    const one = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
    const answered = () => connection.text.match(/HTTP\/1.1 200/g)?.length ?? 0
    for (let sent = 32; sent < 2000; sent += 32) {
      connection.write(one.repeat(32))
      await until(() => answered() === sent, 'all answers')
    }
    connection.write(one.repeat(15) + one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    await connection.closed()
    t.equal(answered(), 2000)
    connection.destroy()
  })

  await t.test('cuts a connection that sends 2,000 requests in one write', async (t) => {
    const { text, closed } = await sendRaw(
      port,
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(2000),
    )
    t.ok(closed)
    t.ok((text.match(/HTTP\/1.1 200/g)?.length ?? 0) <= 33)
    t.equal((await staff.get('/api/auth/session')).status, 200)
  })

  await t.test(
    'handshakes with bytes changed, dropped, duplicated and moved are never accepted',
    async (t) => {
      const seed = Number(process.env.SEED ?? 4711)
      const pick = seeded(seed)
      const good = headOf(port, { path: PATH, cookie: guest.cookie })
      const statuses = new Map<number, number>()
      const mutate = () => {
        const bytes = Buffer.from(good, 'latin1')
        for (let i = pick(4); i >= 0; i--) {
          const at = pick(bytes.length)
          const length = pick(12)
          if (pick(3) === 0) bytes[at] = pick(256)
          else if (pick(2) === 0) bytes.copyWithin(at, pick(bytes.length), pick(bytes.length) + length)
          else bytes.fill('\r\n: ,;%0'[pick(8)] ?? ' ', at, Math.min(bytes.length, at + length))
        }
        return bytes.subarray(0, pick(5) === 0 ? pick(bytes.length) : bytes.length)
      }
      const attacker = async () => {
        for (let i = 0; i < 60; i++) {
          const { text } = await sendRaw(port, mutate(), { within: 40 })
          const { status } = parseAnswer(text)
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
      await Promise.all(Array.from({ length: 10 }, attacker))
      t.comment(`seed ${seed}: ${[...statuses].map(([status, count]) => `${status}×${count}`).join(' ')}`)
      t.ok(
        [...statuses.keys()].every((status) => status !== 101 && !(status >= 500)),
        'no handshake is accepted and none causes a 5xx',
      )
      await untilSame(t, 'nothing is left open', left, [0, 0, 0])
    },
  )

  t.equal((await staff.get('/api/auth/session')).status, 200, 'the service still answers')
  t.notOk(
    logs.lines.some(({ level }) => (level ?? 0) >= 50),
    'no error was logged',
  )
})

t.test(
  'a connection reset right after its request causes no error, though its address is unknown',
  async (t) => {
    const { port, db, logs } = await startService(t, { demo: true })
    const before = await db.session.count()
    for (let i = 0; i < 5; i++) {
      const { socket } = await openRaw(port)
      socket.write(
        `POST /api/auth/guest HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      )
      socket.resetAndDestroy()
    }
    await untilSame(t, 'each request is handled', async () => (await db.session.count()) - before, 5)
    t.notOk(
      logs.lines.some(({ level }) => (level ?? 0) >= 50),
      'no error was logged',
    )
  },
)

t.test('a request whose body arrives after the session has ended is refused', async (t) => {
  const { app, port, url, db } = await startService(t, { demo: true })
  const staff = await signIn(url, 'staff')
  const guest = createClient(url)
  const { id } = await postOrder(guest)
  const body = JSON.stringify({ text: 'from beyond', clientId: 'x' })
  const slow = await openRaw(port)
  const started = once(app.server, 'request')
  slow.write(
    `POST /api/chats/${id}/messages HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${staff.cookie}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  slow.write(body.slice(0, 5))
  await started
  // once a later request of the same session is answered, the session of the first one has been read
  t.match(await staff.get('/api/auth/session'), { status: 200 })
  await staff.post('/api/auth/logout')
  slow.write(body.slice(5))
  t.match(await readAnswer(slow), { status: 401 })
  t.equal(await db.chatMessage.count(), 0)
})

t.test('creates no accounts for an admin whose session has ended', async (t) => {
  const { url, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const [thief, owner] = [await signIn(url, 'admin'), await signIn(url, 'admin')]
  const password = 'a-good-password-4711'
  // hashing is slow: the requests are in progress when the session ends
  const making = Array.from({ length: 20 }, (_, i) =>
    thief.post('/api/users', { username: `backdoor-${i}`, password, role: 'admin', theatreIds: [] }),
  )
  const { body: sessions } = await owner.get<{ id: string; current: boolean }[]>('/api/auth/sessions')
  const theirs = sessions.find(({ current }) => !current)?.id
  t.equal((await owner.delete(`/api/auth/sessions/${theirs}`)).status, 204)
  const before = await db.user.count()
  const statuses = new Set((await Promise.all(making)).map(({ status }) => status))
  t.equal(await db.user.count(), before, 'none after the session has ended')
  t.ok(statuses.has(401) && [...statuses].every((status) => status === 401 || status === 201))
})

t.test('refuses a request with the old cookie whose body arrives after a password change', async (t) => {
  const { app, port, url, db } = await startService(t, { demo: true })
  const admin = await signIn(url, 'admin')
  const body = JSON.stringify({
    username: 'backdoor',
    password: 'a-good-password',
    role: 'admin',
    theatreIds: [],
  })
  const slow = await openRaw(port)
  const started = once(app.server, 'request')
  slow.write(
    `POST /api/users HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${admin.cookie}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  await started
  const changed = { currentPassword: DEMO_PASSWORD, newPassword: 'another-password-4711' }
  t.equal((await admin.post('/api/auth/password', changed)).status, 204)
  slow.write(body)
  const { status } = await readAnswer(slow)
  t.ok(status === 401 || status === 409, `answered ${status}`)
  t.equal(await db.user.count({ where: { username: 'backdoor' } }), 0)
})

t.test('a guest who floods their own order does not delay other clients', async (t) => {
  const { app, port, url, db } = await startService(t, { demo: true, env: { RATE_LIMITS: 'off' } })
  const staff = await signIn(url, 'staff')
  const guest = createClient(url)
  const { id } = await postOrder(guest)
  const flood = Array.from({ length: 200 }, (_, i) =>
    guest.post(`/api/chats/${id}/messages`, { text: 'flood', clientId: `c${i}` }),
  )
  const handshakes = Array.from({ length: 10 }, () => shakeHands(port, { path: PATH, cookie: staff.cookie }))
  for (const { status } of await Promise.all(handshakes)) t.equal(status, 101)
  for (let i = 0; i < 10; i++) t.equal((await staff.get('/api/theatres/1/orders')).status, 200)
  const statuses = (await Promise.all(flood)).map(({ status }) => status)
  const stored = statuses.filter((status) => status === 201).length
  // a busy machine may refuse requests that waited for too long
  t.same(new Set([...statuses, 503]), new Set([201, 503]))
  t.equal(await db.chatMessage.count(), stored, 'what is answered 201 is stored, once')
  for (const connection of [...app.hub.connections]) connection.terminate()
})

t.test('messages over a socket have the same rate limit as over HTTP', async (t) => {
  const { url } = await startService(t, { demo: true })
  const guest = createClient(url)
  const { id } = await postOrder(guest)
  const staff = await signIn(url, 'staff')
  const socket = await connect(`${url}/ws/chat-socket/`, { cookie: staff.cookie, protocol: 'houselights.v1' })
  socket.subscribe()
  for (let i = 0; i < 241; i++) socket.send({ type: 'send', chat: id, text: 'again', clientId: `s${i}` })
  // the 240 commits run one after the other
  const refusal = await socket.expect({ type: 'error' })
  t.match(refusal, { code: 'too_many_requests' })
  // events are sent at the end of a turn of the event loop, the refusal at once: it may come before the last one
  const events = () => socket.history.filter(({ type }) => type === 'event').length
  await untilSame(t, 'the messages before it', events, 240)
  await socket.close()
})
