import t, { type Test } from 'tap'
import type { LogPoll } from '../../src/live/log-poll.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { testDatabase } from '../helpers/database.js'
import { arrived, emit, endSession, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { startRedis } from '../helpers/redis.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openPlain, openV1, type TestSocket } from '../helpers/socket-client.js'

// Logouts race events on two nodes over a real Redis. SEED replays the choices, not the timing.

const SEED = seedOfRun()
const ROUNDS = Number(process.env.ROUNDS ?? 200)
const GROUP = theatreOrders(1)
const random = new Random(SEED)

const redis = await startRedis(t)
const database = await testDatabase(t, { demo: true })
const env = { REDIS_URL: redis.url }
const nodes: [TestService, TestService] = [
  await startNode(t, { database, env }),
  await startNode(t, { database, env }),
]
const witness = { one: await openV1(nodes[0], await openSession(nodes[0], 'staff')), at: 0 }
const second = await openV1(nodes[1], await openSession(nodes[1], 'staff'))
witness.at = await head(database.db, GROUP)
witness.one.subscribe({ [GROUP]: witness.at })
second.subscribe({ [GROUP]: witness.at })

/** The seqs of the events in the log with this epoch or a later one. */
async function committedFrom(epoch: bigint): Promise<Set<number>> {
  const rows = await database.db.$queryRaw<{ seq: number }[]>`
    SELECT seq FROM live_events WHERE group_name = ${GROUP} AND epoch >= ${epoch}`
  return new Set(rows.map(({ seq }) => seq))
}

async function epochOf(sessionId: string): Promise<bigint> {
  const [row] = await database.db.$queryRaw<{ epoch: bigint }[]>`
    SELECT epoch FROM access_changes WHERE session_id = ${sessionId}::uuid`
  if (!row) throw new Error('the access change is missing')
  return row.epoch
}

t.test('delivers no event committed after a logout to the session that ended, on either node', async (t) => {
  const ended: { socket: TestSocket; sessionId: string }[] = []
  for (let round = 0; round < ROUNDS / 10; round++) {
    const batch = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const at = random.pick(nodes)
        const who = await openSession(at, 'staff')
        const isPlain = random.chance(0.3)
        const socket = await (isPlain ? openPlain(at, who) : openV1(at, who))
        if (!isPlain) socket.subscribe({ [GROUP]: await head(database.db, GROUP) })
        return { who, socket }
      }),
    )
    // concurrent logouts and events, from both nodes
    await Promise.all([
      ...batch.map(async ({ who }) => endSession(random.pick(nodes), who)),
      ...Array.from({ length: 20 }, () => emit(random.pick(nodes), GROUP)),
    ])
    ended.push(...batch.map(({ who, socket }) => ({ socket, sessionId: who.sessionId })))
  }
  let received = 0
  for (const { socket, sessionId } of ended) {
    t.equal((await socket.closed()).code, 4401)
    const forbidden = await committedFrom(await epochOf(sessionId))
    const seqs = seqsOf(socket, GROUP)
    received += seqs.length
    const leaked = seqs.filter((seq) => forbidden.has(seq))
    if (leaked.length > 0) t.fail(`SEED=${SEED}: received ${leaked} after the logout`)
    if (seqs.length > 0) t.equal(faultIn(seqs, seqs[0] ?? 0, seqs.at(-1) ?? 0), null)
  }
  const last = await head(database.db, GROUP)
  for (const socket of [witness.one, second]) {
    await arrived(socket, GROUP, last)
    t.equal(
      faultIn(seqsOf(socket, GROUP), witness.at + 1, last),
      null,
      'the other sockets got every event, once and in order',
    )
  }
  t.comment(
    `${ended.length} logouts raced ${last - witness.at} events (${received} received before them), SEED=${SEED}`,
  )
})

t.test('closes a socket on another node after a revocation, over Redis', async (t) => {
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    const who = await openSession(nodes[1], 'staff')
    const socket = await openV1(nodes[1], who)
    socket.subscribe()
    await socket.expect({ type: 'snapshot' })
    const closed = socket.closed()
    await endSession(nodes[0], who)
    const committedAt = performance.now()
    t.equal((await closed).code, 4401)
    times.push(Math.max(0, performance.now() - committedAt))
  }
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1)
  t.comment(
    `commit of the revocation to close, ms: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`,
  )
})

t.test('without Redis, events and revocations arrive with the next polls of the event log', async (t) => {
  const who = await openSession(nodes[1], 'staff')
  const socket = await openV1(nodes[1], who)
  socket.subscribe()
  await socket.expect({ type: 'snapshot' })
  await redis.kill()
  const polls = pollsOf(t, nodes[1])
  const last = await emit(nodes[0], GROUP)
  polls()
  await arrived(socket, GROUP, last)
  // one poll per second; a busy machine may skip one
  const forEvent = polls()
  t.ok(forEvent <= 3, `the event arrived with poll ${forEvent}`)
  await endSession(nodes[0], who)
  polls()
  t.equal((await socket.closed()).code, 4401)
  const forRevocation = polls()
  t.ok(forRevocation <= 3, `the revocation arrived with poll ${forRevocation}`)
})

/** Returns the number of a node's polls since the last call. */
function pollsOf(t: Test, { app }: TestService): () => number {
  const logPoll: LogPoll = Reflect.get(app.hub, 'logPoll')
  const calls = t.capture(logPoll, 'poll', logPoll.poll)
  return () => calls().length
}

t.test('after Redis restarted empty, every event arrives once and in order', async (t) => {
  await Promise.all([redis.restart(), ...Array.from({ length: 30 }, () => emit(random.pick(nodes), GROUP))])
  for (let i = 0; i < 5; i++) {
    redis.pause()
    await emit(random.pick(nodes), GROUP, 2)
    redis.resume()
    await emit(random.pick(nodes), GROUP, 2)
  }
  const last = await emit(nodes[1], GROUP)
  for (const socket of [witness.one, second]) {
    await arrived(socket, GROUP, last)
    t.equal(faultIn(seqsOf(socket, GROUP), witness.at + 1, last), null)
  }
})
