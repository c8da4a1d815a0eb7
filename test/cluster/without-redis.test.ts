import t, { type Test } from 'tap'
import { userCommand } from '../../src/commands/user-command.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { runCommand } from '../commands/run-command.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { arrived, emit, endSession, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession, type TestSession } from '../helpers/sign-in.js'
import { openV1, type TestSocket } from '../helpers/socket-client.js'
import { startTransactionPooler } from '../helpers/transaction-pooler.js'
import { until, untilSame } from '../helpers/until.js'

// Two nodes on one PostgreSQL and no Redis. They never poll the event log: what arrives, arrived by LISTEN.

const GROUP = theatreOrders(1)
const NEVER = 1e9

const database = await testDatabase(t, { demo: true })
const nodes = [
  await startNode(t, { database, pollMs: NEVER }),
  await startNode(t, { database, pollMs: NEVER }),
] as const

interface Listener {
  socket: TestSocket
  who: TestSession
  from: number
}

async function listen(node: TestService): Promise<Listener> {
  const who = await openSession(node, 'staff')
  const socket = await openV1(node, who)
  socket.subscribe()
  const { seq } = await socket.expect({ type: 'snapshot' })
  return { socket, who, from: Number(seq) }
}

const quantiles = (times: number[]) => {
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1)
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`
}

t.test('an event committed at one node arrives at the other, once and in order', async (t) => {
  const { socket, from } = await listen(nodes[1])
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    const startedAt = performance.now()
    const last = await emit(nodes[0], GROUP)
    await arrived(socket, GROUP, last)
    times.push(performance.now() - startedAt)
  }
  t.comment(`from before the transaction to the frame at the other node: ${quantiles(times)}`)
  // from both nodes at once
  const emitting = Array.from({ length: 60 }, (_, i) => emit(i % 2 ? nodes[0] : nodes[1], GROUP, 1 + (i % 3)))
  await Promise.all(emitting)
  const last = await head(database.db, GROUP)
  await arrived(socket, GROUP, last)
  t.equal(faultIn(seqsOf(socket, GROUP), from + 1, last), null)
})

t.test('a revocation at one node closes the socket at the other', async (t) => {
  const times: number[] = []
  for (let i = 0; i < 30; i++) {
    const { socket, who } = await listen(nodes[1])
    const closed = socket.closed()
    await endSession(nodes[0], who)
    const committedAt = performance.now()
    t.equal((await closed).code, 4401)
    times.push(Math.max(0, performance.now() - committedAt))
  }
  t.comment(`from the commit of the revocation to the close at the other node: ${quantiles(times)}`)
})

t.test('the nodes count the staff sockets together', async (t) => {
  const { socket } = await listen(nodes[0])
  const staff = () => nodes.map(({ app }) => app.hub.presence.count(GROUP))
  // sockets of the tests before are open as well
  const open = () => nodes.reduce((sum, { app }) => sum + app.hub.connections.size, 0)
  await until(() => staff().every((count) => count === open()), 'both nodes to count all sockets')
  const before = open()
  await listen(nodes[1])
  await untilSame(t, 'both nodes count the socket of the other', staff, [before + 1, before + 1])
  await socket.expect({ type: 'presence', online: { staff: before + 1 } })
})

t.test('what a command changes arrives at a node', async (t) => {
  const { socket } = await listen(nodes[0])
  const closed = socket.closed()
  await runCommand(userCommand, ['disable', '--username', 'staff'], { databaseUrl: database.url })
  t.equal((await closed).code, 4401)
  await runCommand(userCommand, ['enable', '--username', 'staff'], { databaseUrl: database.url })
})

const KILL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = $1`

for (const name of ['houselights-listen', 'houselights-notify']) {
  t.test(`after ${name} was killed, events missed meanwhile arrive and the bus is healthy`, async (t) => {
    const { socket, from } = await listen(nodes[1])
    for (let round = 0; round < 3; round++) {
      await emit(nodes[0], GROUP, 2)
      await database.db.$queryRawUnsafe(KILL, name)
      await until(() => !nodes[1].app.hub.isBusUp, 'the loss to be detected')
      await Promise.all([emit(nodes[0], GROUP, 3), emit(nodes[1], GROUP)])
      await until(() => nodes.every(({ app }) => app.hub.isBusUp), 'the bus to be healthy')
      const last = await emit(nodes[0], GROUP)
      await arrived(socket, GROUP, last)
      t.equal(faultIn(seqsOf(socket, GROUP), from + 1, last), null)
    }
  })
}

const readiness = async ({ url }: TestService) => (await createClient(url).get('/readyz')).body

t.test('/readyz says whether the nodes are connected', async (t) => {
  t.strictSame(await readiness(nodes[0]), { status: 'ready', database: 'up', redis: 'off' })
})

t.test('through a pooler in transaction mode the start says so, and the log is polled', async (t) => {
  const pooled = await startPooled(t)
  t.match(pooled.logs.text, 'LISTEN does not work through DATABASE_URL')
  t.strictSame(await readiness(pooled), {
    status: 'degraded',
    database: 'up',
    redis: 'off',
    reason: 'listen_unavailable',
  })
  const { socket, who } = await listen(pooled)
  await arrived(socket, GROUP, await emit(nodes[0], GROUP))
  const closed = socket.closed()
  await endSession(nodes[0], who)
  t.equal((await closed).code, 4401)
  // its own notices are sent all the same
  const { socket: direct } = await listen(nodes[0])
  await arrived(direct, GROUP, await emit(pooled, GROUP))
})

async function startPooled(t: Test): Promise<TestService> {
  const url = await startTransactionPooler(t, database.url)
  return startNode(t, { database: { ...database, url } })
}
