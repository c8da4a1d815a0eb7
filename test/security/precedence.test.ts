import t, { type Test } from 'tap'
import { postOrder } from '../helpers/customers.js'
import { within } from '../helpers/deadline.js'
import { type Handshake, headOf, readAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { untilSame } from '../helpers/until.js'
import { gather } from './people.js'

/** In the order of the checks (docs/wire-protocol.md): a handshake with two faults gets the status of the earlier one. */
const FAULTS: [name: string, change: Partial<Handshake>, status: number][] = [
  ['malformed', { version: '8' }, 400],
  ['origin', { origin: 'http://evil.example' }, 403],
  ['no session', { cookie: null }, 401],
]

async function everyPair(t: Test, port: number, good: Handshake): Promise<void> {
  for (const [i, [name, change, status]] of FAULTS.entries()) {
    for (const [other, more] of FAULTS.slice(i)) {
      const answer = await shakeHands(port, { ...good, ...more, ...change })
      t.equal(answer.status, status, `${name} before ${other}`)
    }
  }
}

t.test(
  'checks a handshake in order: form, host, origin, session, permission, number of sockets',
  async (t) => {
    const service = await startService(t, { demo: true, env: { RATE_LIMITS: 'off', WS_MAX_PER_USER: '1' } })
    const { port, app } = service
    const { guest, otherGuest, orderId } = await gather(service)
    const path = `/ws/payment-socket/${orderId}/`
    // a user without permission, so that 403 is last
    await everyPair(t, port, { path, cookie: otherGuest.cookie })
    t.match(await shakeHands(port, { path, cookie: otherGuest.cookie }), { status: 403, code: 'forbidden' })
    t.match(
      await shakeHands(port, { path: '/ws/payment-socket/01/', cookie: null, origin: null }),
      { status: 400, code: 'malformed_id' },
      'a malformed id before origin and session',
    )
    t.match(
      await shakeHands(port, { path, cookie: null, origin: null, host: 'evil.example' }),
      { status: 400, code: 'disallowed_host' },
      'the host before origin and session',
    )
    await t.test('too many sockets is checked last', async (t) => {
      const open = await connect(`${service.url}${path}`, { cookie: guest.cookie })
      const more = await shakeHands(port, { path, cookie: guest.cookie })
      t.match(more, { status: 429, code: 'too_many_requests' })
      t.match(more.headers.get('retry-after'), /^[1-9]\d*$/)
      const noRight = await shakeHands(port, { path: '/ws/chat-socket/', cookie: guest.cookie })
      t.equal(noRight.status, 403, 'a missing permission comes before')
      const other = await connect(`${service.url}${path}`, {
        cookie: (await signIn(service.url, 'staff')).cookie,
      })
      await other.close()
      await open.close()
      await untilSame(t, 'the closed sockets are no longer counted', () => app.hub.connections.size, 0)
      t.equal((await shakeHands(port, { path, cookie: guest.cookie })).status, 101)
    })
  },
)

t.test(
  'answers 429 before any look-up after too many refusals, but not to others at the same address',
  async (t) => {
    const { port, url, app, logs } = await startService(t, { demo: true, env: { WS_REFUSALS: '5' } })
    const staff = await signIn(url, 'staff')
    const guest = createClient(url)
    await postOrder(guest)
    const path = '/ws/all-seat-datasocket/'
    for (let i = 0; i < 5; i++) t.equal((await shakeHands(port, { path, cookie: null })).status, 401)
    const none = await shakeHands(port, { path, cookie: null })
    t.match(none, { status: 429, code: 'too_many_requests' })
    t.match(Number(none.headers.get('retry-after')) <= 10, true)
    t.equal(
      (await shakeHands(port, { path, cookie: 'sessionid=forged.forged' })).status,
      429,
      'an invalid signature counts as no cookie',
    )
    t.equal(
      (await shakeHands(port, { path, cookie: null, version: '8' })).status,
      429,
      'before the form is checked',
    )
    t.equal(
      (await shakeHands(port, { path, cookie: null, host: 'evil.example' })).status,
      429,
      'before the host is checked',
    )
    t.equal((await shakeHands(port, { path: '/healthz', cookie: null })).status, 429, 'on every path')
    t.equal(
      (await shakeHands(port, { path, cookie: null, extra: ['X-Forwarded-For: 192.0.2.9'] })).status,
      429,
    )
    for (let i = 0; i < 5; i++) t.equal((await shakeHands(port, { path, cookie: guest.cookie })).status, 403)
    t.equal(
      (await shakeHands(port, { path, cookie: guest.cookie })).status,
      429,
      'a session has its own count',
    )
    t.equal(
      (await shakeHands(port, { path, cookie: staff.cookie })).status,
      101,
      'another session is not affected',
    )
    t.equal((await staff.get('/api/auth/session')).status, 200)
    t.match(await logs.expect({ msg: 'WSREJECT', reason: 'too_many_requests' }), { status: 429 })
    const text = await app.metrics.registry.metrics()
    t.match(text, /houselights_handshakes_total\{verdict="refused",reason="too_many_requests"\} [1-9]/)
  },
)

t.test('a malformed path counts as a refusal and is blocked like any other', async (t) => {
  const { port, logs } = await startService(t, { env: { WS_REFUSALS: '5' } })
  const path = '/ws/%E0%A4%A'
  for (let i = 0; i < 5; i++) {
    t.match(await shakeHands(port, { path, cookie: null }), { status: 400, code: 'malformed_path' })
  }
  const answer = await shakeHands(port, { path, cookie: null })
  t.match(answer, { status: 429, code: 'too_many_requests' })
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
  t.equal(
    (await shakeHands(port, { path: '/ws/chat-socket/', cookie: null })).status,
    429,
    'all paths share one count',
  )
  t.match(await logs.expect({ msg: 'WSREJECT', reason: 'too_many_requests' }), { status: 429 })
})

t.test(
  'a draining node answers new handshakes 503, finishes accepted requests and ends in time',
  async (t) => {
    const service = await startService(t, { demo: true, env: { WS_REFUSALS: '1', DRAIN_SECONDS: '2' } })
    const { app, port, url } = service
    const staff = await signIn(url, 'staff')
    const path = '/ws/all-seat-datasocket/'
    await shakeHands(port, { path, cookie: null })
    t.equal((await shakeHands(port, { path, cookie: null })).status, 429)
    const socket = await connect(`${url}${path}`, { cookie: staff.cookie })
    // a client that does not answer the close frame: the drain takes its maximum time
    const unresponsive = await openRaw(port)
    unresponsive.write(headOf(port, { path, cookie: staff.cookie }))
    t.equal((await readAnswer(unresponsive)).status, 101)
    const [late, silent, slow, bad] = await Promise.all([
      openRaw(port),
      openRaw(port),
      openRaw(port),
      openRaw(port),
    ])
    slow.write(
      `POST /api/auth/login HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`,
    )
    const body = JSON.stringify({ username: 'staff', password: 'wrong' })
    slow.write(`Content-Length: ${body.length}\r\n\r\n`)
    // once a later request on another connection is answered, this head has been read
    await staff.get('/healthz')
    const closing = service.close()
    await untilSame(t, 'it is draining', () => app.draining, true)
    late.write(headOf(port, { path, cookie: null, version: '8' }))
    bad.write(headOf(port, { path: '/ws/%E0%A4%A', cookie: null }))
    slow.write(body)
    const refusal = await readAnswer(late)
    t.match(refusal, { status: 503, code: 'unavailable' })
    t.match(refusal.headers.get('retry-after'), /^[1-9]\d*$/)
    const unreadable = await readAnswer(bad)
    t.match(unreadable, { status: 503, code: 'unavailable' }, 'a malformed path too')
    t.match(unreadable.headers.get('retry-after'), /^[1-9]\d*$/)
    t.equal((await readAnswer(slow)).status, 401, 'a request that was accepted is answered')
    t.match(await socket.closed(), { code: 1012, reason: /^retry=\d+$/ })
    await silent.closed()
    // `ws` alone would wait 30 s for the unresponsive client's close frame
    await within(closing, 25_000, 'the service to stop')
    await unresponsive.closed()
  },
)
