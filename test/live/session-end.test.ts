import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import { createClient } from '../helpers/http-client.js'
import { arrived, emit, seqsOf } from '../helpers/live-events.js'
import { lockTable } from '../helpers/lock-waits.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openPlain, openV1 } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const GROUP = theatreOrders(1)
/** ms by which two computations of the same time may differ */
const SAME_END_MS = 500

t.test(
  'sends expiring before a session ends, then closes its sockets, with and without a subprotocol, with 4401',
  async (t) => {
    const node = await startNode(t, { env: { SESSION_COOKIE_AGE: '2' } })
    const staff = await openSession(node, 'staff')
    const [v1, plain] = [await openV1(node, staff), await openPlain(node, staff)]
    v1.subscribe()
    const hello = await v1.expect<{ sessionExpiresAt: string }>({ type: 'hello' })
    t.match(
      await v1.expect({ type: 'expiring' }),
      { at: hello.sessionExpiresAt },
      'less than 60 s are left: sent at once',
    )
    // messages on the socket do not prolong the session
    const pinging = setInterval(() => v1.ws.readyState === v1.ws.OPEN && v1.send({ type: 'ping' }), 200)
    t.teardown(() => clearInterval(pinging))
    for (const socket of [v1, plain]) t.equal((await socket.closed()).code, 4401)
    t.ok(Date.now() >= Date.parse(hello.sessionExpiresAt) - SAME_END_MS, 'not before the session’s end')
    const again = await openV1(node, staff).catch((error: unknown) => error)
    t.match(again, { status: 401 })
  },
)

t.test('sends nothing after the session’s end while the database can’t confirm it', async (t) => {
  const node = await startNode(t, { env: { SESSION_ABSOLUTE_AGE: '2', SESSION_COOKIE_AGE: '2' } })
  const staff = await openSession(node, 'staff')
  const [v1, plain] = [await openV1(node, staff), await openPlain(node, staff)]
  v1.subscribe()
  const { sessionExpiresAt } = await v1.expect<{ sessionExpiresAt: string }>({ type: 'hello' })
  await v1.expect({ type: 'snapshot' })
  const end = Date.parse(sessionExpiresAt)
  const unlock = await lockTable(node.db, 'sessions')
  let late = 0
  await until(async () => {
    if (Date.now() > end + 1000) late++
    await emit(node, GROUP)
    return Date.now() > end + 1500 && late >= 5
  }, 'events some time after the end')
  t.ok(seqsOf(v1, GROUP).length > 0, 'events were delivered before the end')
  await emit(node, GROUP)
  await unlock()
  for (const socket of [v1, plain]) {
    t.equal((await socket.closed()).code, 4401)
    const tooLate = socket.history.filter(
      ({ type, at }) => type === 'event' && Date.parse(String(at)) > end + 1000,
    )
    t.strictSame(tooLate, [], 'no event was sent after the end, even when the database answered again')
  }
})

t.test('an HTTP request prolongs the session, and the socket gets the new end', async (t) => {
  const node = await startNode(t, { env: { SESSION_COOKIE_AGE: '3' } })
  const staff = await openSession(node, 'staff')
  // half of its lifetime later
  await node.db.$executeRaw`UPDATE sessions SET last_seen_at = last_seen_at - interval '1.5 s'`
  const socket = await openV1(node, staff)
  socket.subscribe()
  const first = await socket.expect<{ at: string }>({ type: 'expiring' })
  const client = createClient(node.url)
  t.equal((await client.get('/api/auth/session', { headers: { cookie: staff.cookie } })).status, 200)
  const second = await socket.expect<{ at: string }>({ type: 'expiring' })
  const moved = Date.parse(second.at) - Date.parse(first.at)
  t.ok(moved >= 1500 - SAME_END_MS, `moved by ${moved} ms`)
  t.ok(Date.parse(second.at) <= Date.now() + 3000 + SAME_END_MS, 'at most one lifetime from now')
  await arrived(socket, GROUP, await emit(node, GROUP))
  t.equal((await socket.closed()).code, 4401)
})
