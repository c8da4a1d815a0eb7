import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { takeDown, testDatabase } from '../helpers/database.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import type { LogLine } from '../helpers/logs.js'
import { startNode } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { until } from '../helpers/until.js'

const PATH = '/ws/all-seat-datasocket/'
/** ms between two lines about the same failure, and what two clocks may differ by */
const APART_MS = 1000 - 50

/** The pairs of lines about the same failure that came sooner than they may. */
function tooSoon(lines: readonly LogLine[]): [LogLine, LogLine][] {
  const last = new Map<string, LogLine>()
  return lines.flatMap((line) => {
    const kind = `${line.msg} ${line.doing ?? ''}`
    const before = last.get(kind)
    last.set(kind, line)
    const ms = before ? Date.parse(String(line.time)) - Date.parse(String(before.time)) : Infinity
    return before && ms < APART_MS ? [[before, line]] : []
  })
}

for (const how of ['down', 'cut'] as const) {
  t.test(`while PostgreSQL is ${how} nothing is 500, and each failure is logged once a second`, async (t) => {
    const database = await testDatabase(t, { demo: true })
    const url = new URL(database.url)
    const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port || 5432) })
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const service = await startNode(t, { database: { ...database, url: url.href } })
    const { logs } = service
    const staff = await signIn(service.url, 'staff')
    const guest = createClient(service.url)
    const { id } = await postOrder(guest)
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => connect(`${service.url}${PATH}`, { cookie: staff.cookie })),
    )
    const stranger = createClient(service.url)
    const webhook = { raw: '{}', headers: { 'x-razorpay-signature': '0'.repeat(64) } }
    const calls = [
      () => staff.get('/api/auth/session'),
      () => staff.get('/api/theatres/1/orders'),
      () => staff.post(`/api/orders/${id}/seen`),
      () => guest.get(`/api/orders/${id}`),
      () => stranger.get('/api/seats/demo-a1'),
      () => stranger.post('/webhooks/payments', undefined, webhook),
      () => shakeHands(service.port, { path: PATH, cookie: staff.cookie }),
    ]
    const statuses = new Map<number, number>()
    let isOver = false
    const loops = [...calls, ...calls, ...calls].map(async (call) => {
      while (!isOver) {
        const { status } = await call()
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })
    await until(() => (statuses.get(200) ?? 0) > 50, 'the calls to be answered')
    const bringUp = how === 'down' ? await takeDown(database) : () => proxy.pass()
    if (how === 'cut') proxy.cut()
    const hasCounted = () => logs.lines.some(({ suppressed }) => Number(suppressed ?? 0) > 0)
    await until(() => (statuses.get(503) ?? 0) > 200 && hasCounted(), 'refusals, and a line that counts some')
    isOver = true
    await Promise.all(loops)
    await bringUp()
    const errors = logs.lines.filter(({ level = 0 }) => level >= 50)
    const failed = errors.filter(({ msg }) => msg === 'a request failed')
    t.same(
      failed.map(({ err }) => err),
      [],
      'no request met a fault that is not known',
    )
    t.notOk(statuses.has(500))
    t.same(tooSoon(errors), [])
    t.match(
      errors.find(({ msg }) => msg === 'session look-up failed'),
      { reqId: /\w/, suppressed: Number },
    )
    const counted = errors.reduce((sum, { suppressed }) => sum + 1 + Number(suppressed ?? 0), 0)
    t.ok(counted > errors.length, `${errors.length} lines say that ${counted} failed`)
    await Promise.all(sockets.map((socket) => socket.close()))
  })
}
