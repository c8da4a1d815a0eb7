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

t.setTimeout(200_000)
const PATH = '/ws/all-seat-datasocket/'
/** maximum ms to answer a handshake or write: wait for the pool, statement timeout, response */
const BOUND = 8500
/** the same for an order of a new guest: two transactions, which wait longer for the pool than handshakes do */
const WRITE_BOUND = 20_000
/** maximum ms to wait for Redis */
const REDIS_BOUND = 250

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

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const startedAt = performance.now()
  return { result: await work, ms: performance.now() - startedAt }
}

const shake = (url: string, cookie: string, path = PATH) =>
  connect(url + path, { cookie, protocol: 'houselights.v1', within: 2 * BOUND }).then(
    (socket) => {
      socket.terminate()
      return 101
    },
    (error: unknown) => (error instanceof RefusedError ? error.status : 0),
  )

/** Handshakes, reads and writes get 503 in bounded time. */
async function expectTimelyRefusals(t: Test, { url, staff, order }: Target, during: string): Promise<void> {
  const guest = createClient(url)
  const [handshake, write, ready] = await Promise.all([
    timed(shake(url, staff.cookie)),
    timed(guest.post(order.path, order.body, { within: 2 * BOUND })),
    timed(guest.get('/readyz', { within: BOUND })),
  ])
  const describe = (took: number) => `${during}: 503 after ${Math.round(took)} ms`
  t.equal(handshake.result, 503, `handshake, ${describe(handshake.ms)}`)
  t.ok(handshake.ms < BOUND)
  t.equal(write.result.status, 503, `write, ${describe(write.ms)}`)
  t.ok(write.ms < BOUND)
  t.equal(ready.result.status, 503)
  t.ok(ready.ms < 3000)
}

/** The socket is still open and has received every event once. */
async function expectAllEvents(t: Test, target: Target): Promise<void> {
  const { staff, socket, url, order } = target
  await until(async () => (await shake(url, staff.cookie)) === 101, 'handshakes to be accepted again', 20_000)
  const guest = createClient(url)
  await until(
    async () => (await guest.post(order.path, order.body)).status < 300,
    'orders to be accepted',
    20_000,
  )
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
    await socket.expect({ type: 'stale' }, { within: 10_000 })
    return () => socket.expect({ type: 'fresh' }, { within: 20_000 })
  }
  await createClient(url).post(order.path, order.body)

  for (const how of ['fast', 'crash'] as const) {
    await t.test(`stopped (${how}) and started again`, async (t) => {
      await postgres.stop(how)
      const fresh = await expectStale()
      await expectTimelyRefusals(t, target, how)
      await postgres.start()
      await fresh()
      await expectAllEvents(t, target)
    })
  }
  await t.test('paused', async (t) => {
    await postgres.pause()
    const fresh = await expectStale()
    await expectTimelyRefusals(t, target, 'paused')
    postgres.resume()
    await fresh()
    await expectAllEvents(t, target)
  })
  await t.test('every connection of the pool is waiting for a lock', async (t) => {
    const { over } = await postgres.block('events', 14_000)
    const guests = Array.from({ length: 40 }, () => createClient(url))
    const answers = await Promise.all(
      guests.map((guest) => timed(guest.post(order.path, order.body, { within: WRITE_BOUND }))),
    )
    const slowest = Math.max(...answers.map(({ ms }) => ms))
    const statuses = new Set(answers.map(({ result }) => result.status))
    t.notOk(
      [...statuses].some((status) => status !== 503 && status !== 201),
      `only 201 and 503: ${[...statuses]}`,
    )
    t.ok(slowest < WRITE_BOUND, `40 concurrent writes, the last answered after ${Math.round(slowest)} ms`)
    await over
    await expectAllEvents(t, target)
  })
  await t.test('sessions can’t be read', async (t) => {
    const { over } = await postgres.block('sessions', 9000)
    const shakes = Array.from({ length: 20 }, () => timed(shake(url, staff.cookie)))
    for (const { result, ms } of await Promise.all(shakes)) {
      t.equal(result, 503)
      t.ok(ms < BOUND)
    }
    await over
    await expectAllEvents(t, target)
  })
  t.strictSame(cluster.problems, [])
})

t.test('a node never waits long for Redis, whether down, paused or killed', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const redis = await startRedis(t)
  await redis.kill()
  const booting = await timed(startService(t, { database, env: { REDIS_URL: redis.url, RATE_LIMITS: 'on' } }))
  t.ok(booting.ms < 5000, `started without Redis in ${Math.round(booting.ms)} ms`)
  const { url } = booting.result
  const staff = await signIn(url, 'staff')
  const item = await database.db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  const body = { items: [{ menuItemId: item.id, quantity: 1 }], paymentMethod: 'cash' }

  // the fastest of five: a wait for Redis would slow all of them, a busy machine only some
  const expectNoWait = async (t: Test, state: string) => {
    await expectReadyz(t, url, state)
    const fastest = new Map<string, number>()
    for (let i = 0; i < 5; i++) {
      const steps = {
        handshake: await timed(shake(url, staff.cookie)),
        order: await timed(createClient(url).post('/api/seats/demo-a1/orders', body)),
        session: await timed(staff.get('/api/auth/session')),
      }
      t.equal(steps.handshake.result, 101)
      t.equal(steps.order.result.status, 201)
      t.equal(steps.session.result.status, 200)
      for (const [name, { ms }] of Object.entries(steps)) {
        fastest.set(name, Math.min(fastest.get(name) ?? ms, ms))
      }
    }
    for (const [name, ms] of fastest) t.ok(ms < REDIS_BOUND, `${name}: ${Math.round(ms)} ms`)
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
      const answer = await staff.post<{ order: { id: number } }>('/api/seats/demo-a1/orders', body)
      ids.push(answer.body.order.id)
    }
    await whilePaused(t, redis, async () => {
      const took: number[] = []
      for (const id of ids) {
        const { result, ms } = await timed(shake(url, staff.cookie, `/ws/payment-socket/${id}/`))
        t.equal(result, 101)
        took.push(ms)
      }
      t.ok(Math.min(...took) < REDIS_BOUND, `handshakes of new groups: ${took.map(Math.round)} ms`)
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
  const read = () => createClient(url).get<{ status: string }>('/readyz')
  await until(async () => (await read()).body.status === status, `readyz to answer ${status}`, 10_000)
  t.equal((await read()).status, 200)
}
