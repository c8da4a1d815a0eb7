import t from 'tap'
import type { Database } from '../../src/database/client.js'
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

// other files run beside this one
t.setTimeout(110_000)

const PATH = '/ws/all-seat-datasocket/'
const GENERIC = { status: 503, code: 'unavailable' }
const INTERNAL = /prisma|postgres|pool|connect|timeout|ECONN|database/i

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))
process.on('uncaughtException', (error) => rejections.push(error))

/** Takes that many connections of a pool; resolves once it has them, to what gives them back. */
async function occupy(pool: Database, connections: number): Promise<() => Promise<unknown>> {
  let isOver = false
  let taken = 0
  const uses = Array.from({ length: connections }, () =>
    pool.$transaction(
      async (tx) => {
        taken++
        // never idle: the server ends transactions that are
        while (!isOver) await tx.$queryRaw`SELECT pg_sleep(0.05)::text`
      },
      { maxWait: 20_000, timeout: 60_000 },
    ),
  )
  await until(() => taken === connections, 'the connections to be taken')
  return () => {
    isOver = true
    return Promise.all(uses)
  }
}

t.test(
  'no database, or no room in its pool: 503 in bounded time, never access, and back by itself',
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

    const everybody = async (name: string) => {
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
        'without a cookie nothing is asked',
      )
      await open.roundTrip()
    }

    await t.test('every connection for sockets is taken', async () => {
      const release = await occupy(app.liveDb, 6)
      await everybody('full pool')
      t.equal((await staff.get('/api/auth/session')).status, 200, 'calls have others')
      await release()
    })

    await t.test('every connection for calls is taken', async () => {
      const release = await occupy(app.db, 10)
      t.equal(
        (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
        'sockets have others',
      )
      t.match(await staff.get('/api/auth/session'), { status: 503, body: { error: 'unavailable' } })
      await release()
    })

    await t.test('calls wait for a rush to pass', async () => {
      const release = await occupy(app.db, 10)
      const answer = staff.get('/api/auth/session')
      // the service has it, since a later connection is answered
      t.equal((await createClient(service.url).get('/healthz')).status, 200)
      await release()
      t.equal((await answer).status, 200)
    })

    await t.test('the database refuses', async (t) => {
      proxy.cut()
      const seats = await Promise.all(
        Array.from({ length: 5 }, () => createClient(service.url).get('/api/seats/demo-a1')),
      )
      for (const answer of seats) t.match(answer, { status: 503, body: { error: 'unavailable' } })
      await everybody('cut')
      t.match(await staff.get('/api/auth/session'), { status: 503, body: { error: 'unavailable' } })
      t.match(await guest.get('/api/orders?mine=1'), { status: 503 })
      t.match(await createClient(service.url).get('/readyz'), { status: 503 })
      t.match(await createClient(service.url).get('/healthz'), { status: 200 })
      await open.expect({ type: 'stale' })
      proxy.pass()
      await untilSame(
        t,
        'it is back',
        async () => (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
      )
      await open.expect({ type: 'fresh' })
    })

    await t.test('the database hangs', async (t) => {
      proxy.hold()
      await everybody('hung')
      proxy.pass()
      await untilSame(
        t,
        'it is back',
        async () => (await shakeHands(port, { path: PATH, cookie: staff.cookie })).status,
        101,
      )
    })

    await open.close()
    await untilSame(
      t,
      'nothing is left',
      async () => [await countOpen(app.server), app.hub.connections.size],
      [0, 0],
    )
    t.same(rejections, [], 'no rejection that nobody handled')
  },
)
