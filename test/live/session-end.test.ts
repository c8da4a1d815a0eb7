import t from 'tap'
import { theatreOrders } from '../../src/live/groups.js'
import { createClient } from '../helpers/http.js'
import { arrived, emit, openLegacy, openV1, signIn, startNode } from './stage.js'

const GROUP = theatreOrders(1)

t.test('a session that ends by time is told ahead, and closes its sockets of both wires', async (t) => {
  const node = await startNode(t, { env: { SESSION_COOKIE_AGE: '2' } })
  const staff = await signIn(node, 'staff')
  const startedAt = performance.now()
  const [v1, legacy] = [await openV1(node, staff), await openLegacy(node, staff)]
  v1.subscribe()
  const hello = await v1.expect<{ sessionExpiresAt: string }>({ type: 'hello' })
  t.match(
    await v1.expect({ type: 'expiring' }),
    { at: hello.sessionExpiresAt },
    'less than 60 s remain: at once',
  )
  // traffic on the socket prolongs nothing
  const asking = setInterval(() => v1.ws.readyState === v1.ws.OPEN && v1.send({ type: 'ping' }), 200)
  t.teardown(() => clearInterval(asking))
  for (const socket of [v1, legacy]) t.equal((await socket.closed()).code, 4401)
  const lived = performance.now() - startedAt
  t.ok(lived > 1500 && lived < 4000, `${Math.round(lived)} ms`)
  const again = await openV1(node, staff).catch((error: unknown) => error)
  t.match(again, { status: 401 })
})

t.test('HTTP prolongs it, and the socket is told', async (t) => {
  const node = await startNode(t, { env: { SESSION_COOKIE_AGE: '3' } })
  const staff = await signIn(node, 'staff')
  // half its life later
  await node.db.$executeRaw`UPDATE sessions SET last_seen_at = last_seen_at - interval '1.5 s'`
  const socket = await openV1(node, staff)
  socket.subscribe()
  const first = await socket.expect<{ at: string }>({ type: 'expiring' })
  const client = createClient(node.url)
  t.equal((await client.get('/api/auth/session', { headers: { cookie: staff.cookie } })).status, 200)
  const second = await socket.expect<{ at: string }>({ type: 'expiring' })
  const moved = Date.parse(second.at) - Date.parse(first.at)
  t.ok(moved > 1000 && moved < 3000, `moved by ${moved} ms`)
  await arrived(socket, GROUP, await emit(node, GROUP))
  t.equal((await socket.closed()).code, 4401)
})
