import { randomUUID } from 'node:crypto'
import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { PATIENCE, settlesBefore } from '../helpers/deadline.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { startRedis } from '../helpers/redis.js'
import { startService, type TestService } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { connect, type TestSocket } from '../helpers/socket-client.js'
import type { Teardown } from '../helpers/teardown.js'
import { until, untilSame } from '../helpers/until.js'

const PATH = '/ws/all-seat-datasocket/'

t.test('limits over two nodes', async (t) => {
  const redis = await startRedis(t)
  const database = await testDatabase(t, { demo: true })
  const env = { REDIS_URL: redis.url, WS_MAX_PER_USER: '4', WS_REFUSALS: '1000' }
  const shared = { database, redisReplyMs: PATIENCE }
  const a = await startService(t, { ...shared, env })
  const b = await startService(t, { ...shared, env })
  const staff = await signIn(a.url, 'staff')
  const { id } = (await staff.get<{ user: { id: number } }>('/api/auth/session')).body.user
  const sockets: TestSocket[] = []
  const open = async (node: TestService) =>
    sockets.push(await connect(`${node.url}${PATH}`, { cookie: staff.cookie }))
  const shake = async (node: TestService, cookie: string | null = staff.cookie) =>
    (await shakeHands(node.port, { path: PATH, cookie })).status
  const closeAll = async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()))
    await untilSame(t, 'released', () => [a, b].map(({ app }) => app.socketLimits.count(id)), [0, 0])
  }

  await t.test('WS_MAX_PER_USER counts the sockets of all nodes, concurrent ones too', async (t) => {
    await open(a)
    await open(b)
    await open(b)
    await open(a)
    t.equal(await shake(a), 429)
    t.equal(await shake(b), 429)
    const admin = await signIn(b.url, 'admin')
    t.equal(await shake(b, admin.cookie), 101, 'another user is not affected')
    await sockets.pop()?.close()
    await untilSame(t, 'another socket can be opened', () => shake(b), 101)
    await closeAll()
    const attempts = Array.from({ length: 20 }, (_, i) =>
      connect(`${(i % 2 ? a : b).url}${PATH}`, { cookie: staff.cookie }).then((socket) =>
        sockets.push(socket),
      ),
    )
    await Promise.allSettled(attempts)
    t.ok(sockets.length <= 4 && sockets.length > 0, `${sockets.length} of 20 concurrent ones`)
    await closeAll()
  })

  await t.test('a killed node’s sockets count for 15 s at most', async (t) => {
    const killed = randomUUID()
    const name = `${prefixOf(a)}sockets:${id}`
    const { commands } = a.app.redis
    await commands?.hset(name, killed, 4)
    await commands?.set(`${prefixOf(a)}node:${killed}`, 1, 'PX', 300)
    t.equal(await shake(a), 429)
    await untilSame(t, 'expired', () => shake(a), 101)
    t.equal(await commands?.hexists(name, killed), 0)
    await closeAll()
  })

  await t.test('refusals are counted over all nodes, by session or address', async (t) => {
    const strict = { ...env, WS_REFUSALS: '6' }
    const [a, b] = await Promise.all([
      startService(t, { ...shared, env: strict }),
      startService(t, { ...shared, env: strict }),
    ])
    for (let i = 0; i < 6; i++) t.equal(await shake(i % 2 ? a : b, null), 401)
    await untilSame(
      t,
      'blocked on both nodes',
      () => Promise.all([shake(a, null), shake(b, null)]),
      [429, 429],
    )
    t.equal(await shake(a), 101)
    const guest = createClient(a.url)
    await postOrder(guest)
    for (let i = 0; i < 6; i++) t.equal(await shake(a, guest.cookie), 403)
    await untilSame(t, 'blocked on the other node too', () => shake(b, guest.cookie), 429)
    t.equal(await shake(b), 101)
  })

  await t.test('counts failed logins over all nodes', async (t) => {
    const guess = async (node: TestService, username = 'staff2') =>
      (await createClient(node.url).post('/api/auth/login', { username, password: 'wrong' })).status
    for (let i = 0; i < 10; i++) t.equal(await guess(i % 2 ? a : b), 401)
    t.equal(await guess(a), 429)
    t.equal(await guess(b), 429)
    t.equal(await guess(b, 'staff'), 401, 'another account from the same address')
  })

  await t.test(
    'no request waits more than 250 ms for a hanging Redis, and each node limits on its own',
    async (t) => {
      // with the service's own patience for Redis
      const node = await startService(t, { database, env })
      const guest = createClient(node.url)
      await postOrder(guest)
      const commands = countCommands(t, node)
      redis.pause()
      t.teardown(() => redis.resume())
      const startedAt = performance.now()
      for (let i = 0; i < 4; i++) await open(node)
      t.equal(await shake(node), 429, 'this node’s own count')
      for (let i = 0; i < 8; i++) t.equal(await shake(node, guest.cookie), 403)
      const inTime: boolean[] = []
      await until(async () => {
        const { sent } = commands
        let gaveRedisTime = false
        const patient = setTimeout(() => {
          gaveRedisTime = true
        }, 100)
        const isInTime = await settlesBefore(() => node.app.hitCounter.hit('a key', 60, 100_000), 250)
        clearTimeout(patient)
        if (commands.sent > sent) inTime.push(isInTime && gaveRedisTime)
        return inTime.length >= 4
      }, 'four hits that waited for Redis')
      t.same(inTime, [true, true, true, true], 'each waited for a reply, and none for 250 ms')
      const seconds = (performance.now() - startedAt) / 1000
      t.ok(commands.sent <= 2 + seconds, `${commands.sent} commands in ${seconds.toFixed(1)} s`)
      redis.resume()
      await closeAll()
    },
  )

  await t.test('counts open sockets again after Redis restarted empty', async (t) => {
    // a user whose count is written for no other reason
    const admin = await signIn(a.url, 'admin')
    const own = (await admin.get<{ user: { id: number } }>('/api/auth/session')).body.user
    const sockets = await Promise.all(
      Array.from({ length: 4 }, () => connect(`${a.url}${PATH}`, { cookie: admin.cookie })),
    )
    // as the other node's limits read them: after a failure they ask Redis again only a second later
    const counts = () =>
      b.app.sharedStore
        ?.attempt(async () => b.app.redis.commands?.hvals(`${prefixOf(a)}sockets:${own.id}`))
        .catch(() => [])
    await untilSame(t, 'written', counts, ['4'])
    await redis.restart()
    await untilSame(t, 'written again', counts, ['4'])
    t.equal(await shake(b, admin.cookie), 429)
    await Promise.all(sockets.map((socket) => socket.close()))
    await untilSame(t, 'released', () => shake(b, admin.cookie), 101)
  })

  await t.test('requests and sockets work while Redis is down', async (t) => {
    const commands = countCommands(t, a)
    await redis.kill()
    await untilSame(t, 'the node knows', () => a.app.redis.commands?.status !== 'ready', true)
    const { sent } = commands
    await open(a)
    t.equal((await staff.get('/api/auth/session')).status, 200)
    const login = await createClient(a.url).post('/api/auth/login', {
      username: 'admin',
      password: DEMO_PASSWORD,
    })
    t.equal(login.status, 200)
    t.notMatch(JSON.stringify(login.body), /redis/i)
    t.equal(commands.sent, sent, 'no command is sent to Redis')
    await closeAll()
  })
})

/** Counts what a node sends to Redis for its limits. */
function countCommands(t: Teardown, { app }: TestService): { sent: number } {
  const counter = { sent: 0 }
  const store = app.sharedStore
  if (!store) throw new Error('this node has no Redis')
  const { attempt } = store
  store.attempt = (commands) =>
    attempt(() => {
      counter.sent++
      return commands()
    })
  t.teardown(() => {
    store.attempt = attempt
  })
  return counter
}

/** The prefix of the nodes' keys. */
function prefixOf({ app }: TestService): string {
  return app.sharedStore?.nameOf('') ?? ''
}

t.test('requests are limited by session, or address, with Retry-After', async (t) => {
  const service = await startService(t, { demo: true })
  const guest = createClient(service.url)
  const first = (await postOrder(guest)).id
  const send = (i: number) =>
    guest.post(`/api/chats/${first}/messages`, { text: 'hello', clientId: `c${i % 3}` })
  let sent = 0
  let last = await send(sent)
  while (last.status !== 429 && sent < 300) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(sent++)))
    last = answers.find(({ status }) => status === 429) ?? last
  }
  t.match(last, { status: 429, body: { error: 'too_many_requests', message: /./ } })
  t.match(last.headers, { 'retry-after': /^[1-9]\d*$/, 'content-security-policy': /./ })
  t.ok(sent >= 100, `after ${sent} messages`)
  const other = createClient(service.url)
  const second = (await postOrder(other)).id
  t.match(await other.post(`/api/chats/${second}/messages`, { text: 'x', clientId: 'a' }), { status: 201 })
  t.equal((await guest.get(`/api/orders/${first}`)).status, 200, 'other calls are not limited')
  t.match(await service.logs.expect({ msg: 'REFUSE', reason: 'too_many_requests' }), { status: 429 })
})

t.test(
  'what a manager does with accounts is limited by session: it hashes passwords before logins',
  async (t) => {
    const { url } = await startService(t, { demo: true })
    const [manager, colleague] = [await signIn(url, 'manager'), await signIn(url, 'manager')]
    const calls = {
      make: (client: HttpClient) => client.post('/api/theatres/1/staff', { username: 'nobody' }),
      change: (client: HttpClient) => client.patch('/api/theatres/1/staff/999999', { manager: false }),
    }
    for (const [name, call] of Object.entries(calls)) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => call(manager)))
      const statuses = new Set(answers.map(({ status }) => status))
      t.same([...statuses].sort(), [404, 429], name)
      t.equal((await call(colleague)).status, 404, 'another session is not limited')
    }
  },
)

t.test('a port in X-Forwarded-For does not change the client’s address', async (t) => {
  const env = { TRUST_PROXY: 'loopback', WS_REFUSALS: '4' }
  const service = await startService(t, { demo: true, env })
  const shake = async (address: string) =>
    (
      await shakeHands(service.port, {
        path: PATH,
        cookie: null,
        extra: [`X-Forwarded-For: ${address}`, `X-Forwarded-Host: 127.0.0.1:${service.port}`],
      })
    ).status
  for (const name of [(port: number) => `192.0.2.1:${port}`, (port: number) => `[2001:db8::1]:${port}`]) {
    for (let i = 0; i < 4; i++) t.equal(await shake(name(5000 + i)), 401)
    t.equal(await shake(name(5010)), 429)
  }
  const guess = (i: number) =>
    createClient(service.url).post(
      '/api/auth/login',
      { username: 'staff', password: 'wrong' },
      { headers: { 'x-forwarded-for': `192.0.2.1:${6000 + i}` } },
    )
  for (let i = 0; i < 10; i++) t.equal((await guess(i)).status, 401)
  t.equal((await guess(10)).status, 429)
  const staff = createClient(service.url)
  const headers = { 'x-forwarded-for': '[2001:db8::1]:5678' }
  await staff.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD }, { headers })
  const { body } = await staff.get('/api/auth/sessions')
  t.match(body, [{ ip: '2001:db8::1' }])
  t.match(await service.logs.expect({ msg: 'LOGIN', verdict: 'accepted' }), { address: '2001:db8::1' })
  t.match(await service.logs.expect({ msg: 'WSREJECT' }), { address: '192.0.2.1' })
})

t.test('RATE_LIMITS=off disables all limits but WS_MAX_PER_USER', async (t) => {
  const env = { RATE_LIMITS: 'off', WS_REFUSALS: '1', WS_MAX_PER_USER: '1' }
  const service = await startService(t, { demo: true, env })
  const staff = await signIn(service.url, 'staff')
  const client = createClient(service.url)
  for (let i = 0; i < 12; i++) {
    t.match(await client.post('/api/auth/login', { username: 'staff', password: 'wrong' }), { status: 401 })
  }
  const shake = async (cookie: string | null) =>
    (await shakeHands(service.port, { path: PATH, cookie })).status
  for (let i = 0; i < 10; i++) t.equal(await shake(null), 401)
  const socket = await connect(`${service.url}${PATH}`, { cookie: staff.cookie })
  t.equal(await shake(staff.cookie), 429)
  await socket.close()
})
