import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import type { TestDatabase } from '../helpers/database.js'
import { testServer, withClient } from '../helpers/database-template.js'
import { arrived, emit, endSession, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1, RefusedError } from '../helpers/socket-client.js'

const GROUP = theatreOrders(1)

/** As if the server had gone: nobody connects, and who was connected is cut. */
async function takeAway({ url }: TestDatabase): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1)
  const { adminUrl } = await testServer()
  const say = (sql: string) => withClient(adminUrl, (client) => client.query(sql))
  await say(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await say(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return async () => void (await say(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`))
}

/** Events one after the other, whatever fails, until it is told to stop. */
function keepEmitting(node: TestService): () => Promise<void> {
  let on = true
  const flowing = (async () => {
    while (on) await emit(node, GROUP).catch(() => new Promise((resolve) => setTimeout(resolve, 50)))
  })()
  return () => {
    on = false
    return flowing
  }
}

t.test(
  'PostgreSQL away: sockets stay and are told, handshakes are refused in time, nothing is missed',
  async (t) => {
    const node = await startNode(t)
    const staff = await openSession(node, 'staff')
    const leaving = await openSession(node, 'staff')
    const [socket, doomed] = [await openV1(node, staff), await openV1(node, leaving)]
    const before = await head(node.db, GROUP)
    for (const each of [socket, doomed]) each.subscribe({ [GROUP]: before })
    await arrived(socket, GROUP, await emit(node, GROUP))
    // commits are cut in the middle, some after they have succeeded
    const stop = keepEmitting(node)
    const giveBack = await takeAway(node.database)
    try {
      t.match(await socket.expect({ type: 'stale' }), { since: /Z$/ })
      const refusal = await openV1(node, staff).catch((error: unknown) => error)
      t.ok(refusal instanceof RefusedError && refusal.status === 503)
      t.equal(socket.ws.readyState, socket.ws.OPEN)
    } finally {
      await giveBack()
    }
    await socket.expect({ type: 'fresh' })
    await stop()
    await endSession(node, leaving)
    t.equal((await doomed.closed()).code, 4401)
    const last = await emit(node, GROUP)
    await arrived(socket, GROUP, last)
    t.equal(faultIn(seqsOf(socket, GROUP), before + 1, last), null)
    t.equal(socket.history.filter(({ type }) => type === 'stale').length, 1)
  },
)

t.test('a node that hears of each event from the log only is fresh again while events flow', async (t) => {
  const one = await startNode(t)
  // no Redis: what the first node tells, the second reads each second
  const two = await startNode(t, { database: one.database })
  const socket = await openV1(two, await openSession(two, 'staff'))
  socket.subscribe()
  const stop = keepEmitting(one)
  try {
    const giveBack = await takeAway(one.database)
    try {
      await socket.expect({ type: 'stale' })
    } finally {
      await giveBack()
    }
    t.ok(await socket.expect({ type: 'fresh' }))
  } finally {
    await stop()
  }
  await arrived(socket, GROUP, await emit(one, GROUP))
})

t.test('a client that subscribes while the log is away is served once it is back', async (t) => {
  const node = await startNode(t)
  const staff = await openSession(node, 'staff')
  const before = await emit(node, GROUP, 3)
  const keeper = await openV1(node, staff)
  keeper.subscribe()
  await keeper.expect({ type: 'snapshot' })
  const [fresh, resuming] = [await openV1(node, staff), await openV1(node, staff)]
  const giveBack = await takeAway(node.database)
  try {
    fresh.subscribe()
    resuming.subscribe({ [GROUP]: 0 })
    await keeper.expect({ type: 'stale' })
  } finally {
    await giveBack()
  }
  const last = await emit(node, GROUP)
  t.match(await fresh.expect({ type: 'snapshot' }), { seq: Number })
  await arrived(resuming, GROUP, last)
  t.equal(faultIn(seqsOf(resuming, GROUP), 1, last), null)
  t.ok(last > before)
})
