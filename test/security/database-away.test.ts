import t from 'tap'
import { type Database, type Queryable, RawClient } from '../../src/database/client.js'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { countOpen } from '../helpers/listen.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { until, untilSame } from '../helpers/until.js'

const PATH = '/ws/all-seat-datasocket/'
const GENERIC = { status: 503, code: 'unavailable' }
const INTERNAL = /prisma|postgres|pool|connect|timeout|ECONN|database/i

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))
process.on('uncaughtException', (error) => rejections.push(error))

/** Occupies connections of a pool. Resolves once it has them, to a function that releases them. */
async function occupy(pool: Database | RawClient, connections: number): Promise<() => Promise<unknown>> {
  let isOver = false
  let taken = 0
  const use = async (tx: Queryable) => {
    taken++
    // keeps querying: the server ends idle transactions
    while (!isOver) await tx.$queryRaw`SELECT pg_sleep(0.05)::text`
  }
  const uses = Array.from({ length: connections }, () =>
    pool instanceof RawClient
      ? pool.transaction(use, { timeoutMs: 60_000 })
      : pool.$transaction(use, { maxWait: 20_000, timeout: 60_000 }),
  )
  await until(() => taken === connections, 'the connections to be occupied')
  return () => {
    isOver = true
    return Promise.all(uses)
  }
}

t.test(
  'an unavailable database or a full pool gives 503 in bounded time, never access, and recovers',
  async (t) => {
    const database = await testDatabase(t, { demo: true })
    const url = new URL(database.url)
    const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port || 5432) })
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const service = await startService(t, {
      database: { ...database, url: url.href },
      env: { RATE_LIMITS: 'off' },
    })
    const { app, port } = service
    const staff = await signIn(service.url, 'staff')
    const guest = createClient(service.url)
    await postOrder(guest)
    const open = await connect(`${service.url}${PATH}`, { cookie: staff.cookie, protocol: 'houselights.v1' })
    open.subscribe()
    await open.expect({ type: 'snapshot' })

    const expectRefusals = async (name: string) => {
      const answers = await Promise.all(
        [staff.cookie, guest.cookie, staff.cookie].map((cookie) => shakeHands(port, { path: PATH, cookie })),
      )
      for (const answer of answers) {
        t.match(answer, GENERIC, name)
        t.match(answer.headers.get('retry-after'), /^\d+$/)
        t.notMatch(answer.body, INTERNAL)
      }
      t.match(
        await shakeHands(port, { path: PATH, cookie: null }),
        { status: 401 },
        'without a cookie the database is not queried',
      )
      await open.roundTrip()
    }

    await t.test('refuses sockets, not requests, when the pool of sockets is full', async () => {
      const release = await occupy(app.liveDb, 6)
      await expectRefusals('full pool')
      t.equal((await staff.get('/api/auth/session')).status, 200, 'requests have a pool of their own')
      await release()
    })

    await t.test('refuses requests, not sockets, when the pool of requests is full', async () => {
      const release = await occupy(app.db, 10)
      t.equal(
        (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
        'sockets have a pool of their own',
      )
      t.match(await staff.get('/api/auth/session'), { status: 503, body: { error: 'unavailable' } })
      await release()
    })

    await t.test('requests wait for a pool that is full for a short time', async () => {
      const release = await occupy(app.db, 10)
      const answer = staff.get('/api/auth/session')
      // once a later request on another connection is answered, the service has received this one
      t.equal((await createClient(service.url).get('/healthz')).status, 200)
      await release()
      t.equal((await answer).status, 200)
    })

    await t.test('recovers when the database refuses connections', async (t) => {
      proxy.cut()
      const seats = await Promise.all(
        Array.from({ length: 5 }, () => createClient(service.url).get('/api/seats/demo-a1')),
      )
      for (const answer of seats) t.match(answer, { status: 503, body: { error: 'unavailable' } })
      await expectRefusals('cut')
      t.match(await staff.get('/api/auth/session'), { status: 503, body: { error: 'unavailable' } })
      t.match(await guest.get('/api/orders?mine=1'), { status: 503 })
      t.match(await createClient(service.url).get('/readyz'), { status: 503 })
      t.match(await createClient(service.url).get('/healthz'), { status: 200 })
      await open.expect({ type: 'stale' })
      proxy.pass()
      await untilSame(
        t,
        'handshakes are accepted again',
        async () => (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
      )
      await open.expect({ type: 'fresh' })
    })

    await t.test('recovers when the database hangs', async (t) => {
      proxy.hold()
      await expectRefusals('hung')
      proxy.pass()
      await untilSame(
        t,
        'handshakes are accepted again',
        async () => (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
      )
    })

    await open.close()
    await untilSame(
      t,
      'nothing is left open',
      async () => [await countOpen(app.server), app.hub.connections.size],
      [0, 0],
    )
    t.same(rejections, [], 'no unhandled rejection')
  },
)
