import t, { type Test } from 'tap'
import { testDatabase } from '../helpers/database.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { type OwnRedis, startRedis } from '../helpers/redis.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { connect, RefusedError, type TestSocket } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'
import { PASSWORD, startChaosCluster } from './chaos-cluster.js'
import { type SeedData, seedDatabase } from './chaos-people.js'

const PATH = '/ws/all-seat-datasocket/'
/** ms for an order of a new guest: two changes, each of which may wait for the pool and then for a statement */
const ORDER_MS = 60_000

interface Target {
  url: string
  staff: HttpClient
  socket: TestSocket
  order: { path: string; body: object }
}

/** Signs in a staff user and opens their orders socket. */
async function openTarget(url: string, data: SeedData): Promise<Target> {
  const [account] = data.staff
  const [theatre] = data.theatres
  if (!account || !theatre) throw new Error('the seed data is empty')
  const staff = await signIn(url, account.username, { password: PASSWORD })
  const socket = await connect(url + PATH, { cookie: staff.cookie, protocol: 'houselights.v1' })
  socket.subscribe()
  await socket.expect({ type: 'snapshot' })
  const body = { items: [{ menuItemId: theatre.item, quantity: 1 }], paymentMethod: 'cash' }
  return { url, staff, socket, order: { path: `/api/seats/${theatre.seats[0]}/orders`, body } }
}

const shake = (url: string, cookie: string, path = PATH) =>
  connect(url + path, { cookie, protocol: 'houselights.v1' }).then(
    (socket) => {
      socket.terminate()
      return 101
    },
    (error: unknown) => (error instanceof RefusedError ? error.status : 0),
  )

/** Handshakes, reads and writes are refused while the database does not answer. */
async function expectRefusals(t: Test, { url, staff, order }: Target, during: string): Promise<void> {
  const guest = createClient(url)
  const [handshake, write, ready] = await Promise.all([
    shake(url, staff.cookie),
    guest.post(order.path, order.body),
    guest.get('/readyz'),
  ])
  t.equal(handshake, 503, `${during}: a handshake`)
  t.equal(write.status, 503, `${during}: a write`)
  t.equal(ready.status, 503, `${during}: /readyz`)
}

/** Every event up to the last one, once. */
async function expectAllEvents(t: Test, target: Target): Promise<void> {
  const { staff, socket, url, order } = target
  await until(async () => (await shake(url, staff.cookie)) === 101, 'handshakes to be taken again')
  const guest = createClient(url)
  await until(async () => (await guest.post(order.path, order.body)).status < 300, 'orders to be taken')
  const { body } = await staff.get<{ cursor: number }>('/api/theatres/1/orders')
  await until(() => seqsOf(socket).at(-1) === body.cursor, 'the last event')
  const seqs = seqsOf(socket)
  t.strictSame(
    seqs,
    seqs.map((_, i) => i + 1),
    `${seqs.length} events, once and in order`,
  )
  t.equal(socket.ws.readyState, socket.ws.OPEN, 'on the same socket')
}

const seqsOf = (socket: TestSocket) =>
  socket.history
    .filter((frame) => frame.type === 'event' && frame.group === 'theatre:1:orders')
    .map(({ seq }) => seq)

t.test('a node refuses in time and recovers while PostgreSQL is stopped, paused or blocked', async (t) => {
  const cluster = await startChaosCluster(t, { nodes: 1 })
  const { postgres, url } = { ...cluster, url: `http://127.0.0.1:${cluster.nodes[0]?.port}` }
  const target = await openTarget(url, await seedDatabase(cluster))
  const { socket, staff, order } = target
  const expectStale = async () => {
    await socket.expect({ type: 'stale' })
    return () => socket.expect({ type: 'fresh' })
  }
  await createClient(url).post(order.path, order.body)

  for (const how of ['fast', 'crash'] as const) {
    await t.test(`stopped (${how}) and started again`, async (t) => {
      await postgres.stop(how)
      const fresh = await expectStale()
      await expectRefusals(t, target, how)
      await postgres.start()
      await fresh()
      await expectAllEvents(t, target)
    })
  }
  await t.test('paused', async (t) => {
    await postgres.pause()
    const fresh = await expectStale()
    await expectRefusals(t, target, 'paused')
    postgres.resume()
    await fresh()
    await expectAllEvents(t, target)
  })
  await t.test('every connection of the pool waits for a lock', async (t) => {
    const release = await postgres.block('events')
    const guests = Array.from({ length: 40 }, () => createClient(url))
    const answers = await Promise.all(
      guests.map((guest) => guest.post(order.path, order.body, { within: ORDER_MS })),
    )
    for (const { status } of answers) t.equal(status, 503, 'answered while the lock is held')
    await release()
    await expectAllEvents(t, target)
  })
  await t.test('sessions can’t be read', async (t) => {
    const release = await postgres.block('sessions')
    const shakes = Array.from({ length: 20 }, () => shake(url, staff.cookie))
    for (const status of await Promise.all(shakes)) t.equal(status, 503, 'answered while the lock is held')
    await release()
    await expectAllEvents(t, target)
  })
  t.strictSame(cluster.problems, [])
})

t.test('a node never waits long for Redis, whether down, paused or killed', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const redis = await startRedis(t)
  await redis.kill()
  const { url } = await startService(t, { database, env: { REDIS_URL: redis.url, RATE_LIMITS: 'on' } })
  const staff = await signIn(url, 'staff')
  const item = await database.db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  const body = { items: [{ menuItemId: item.id, quantity: 1 }], paymentMethod: 'cash' }
  let seats = 0
  // each time at another seat: the open orders of one are limited
  const orderPath = () => `/api/seats/demo-${'abcde'[Math.floor(seats / 10)]}${(seats++ % 10) + 1}/orders`

  // that a caller waits for Redis for less than 250 ms is shown in test/security/limits.test.ts and test/live/bus.test.ts
  const expectNoWait = async (t: Test, state: string) => {
    await expectReadyz(t, url, state)
    t.equal(await shake(url, staff.cookie), 101)
    t.equal((await createClient(url).post(orderPath(), body)).status, 201)
    t.equal((await staff.get('/api/auth/session')).status, 200)
  }
  await t.test('down at the start', (t) => expectNoWait(t, 'degraded'))
  await t.test('up', async (t) => {
    await redis.restart()
    await expectNoWait(t, 'ready')
  })
  await t.test('paused', (t) => whilePaused(t, redis, () => expectNoWait(t, 'degraded')))
  await t.test('paused, with groups that the node has not subscribed to', async (t) => {
    await expectReadyz(t, url, 'ready')
    const ids: number[] = []
    for (let i = 0; i < 5; i++) {
      const answer = await staff.post<{ order: { id: number } }>(orderPath(), body)
      ids.push(answer.body.order.id)
    }
    await whilePaused(t, redis, async () => {
      for (const id of ids) t.equal(await shake(url, staff.cookie, `/ws/payment-socket/${id}/`), 101)
    })
  })
  await t.test('killed', async (t) => {
    await redis.kill()
    await expectNoWait(t, 'degraded')
  })
})

async function whilePaused(t: Test, redis: OwnRedis, work: () => Promise<void>): Promise<void> {
  redis.pause()
  t.teardown(() => redis.resume())
  await work()
  redis.resume()
}

async function expectReadyz(t: Test, url: string, status: string): Promise<void> {
  const ask = () => createClient(url).get<{ status: string }>('/readyz')
  await until(async () => (await ask()).body.status === status, `readyz to say ${status}`)
  t.equal((await ask()).status, 200)
}
