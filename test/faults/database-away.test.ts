import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import { takeDown } from '../helpers/database.js'
import { arrived, emit, endSession, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1, RefusedError } from '../helpers/socket-client.js'

const GROUP = theatreOrders(1)

/** Emits events one after the other, ignoring failures, until stopped. */
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
  'while PostgreSQL is down sockets stay open and get stale, handshakes get 503, and no event is lost',
  async (t) => {
    const node = await startNode(t)
    const staff = await openSession(node, 'staff')
    const leaving = await openSession(node, 'staff')
    const [socket, doomed] = [await openV1(node, staff), await openV1(node, leaving)]
    const before = await head(node.db, GROUP)
    for (const each of [socket, doomed]) each.subscribe({ [GROUP]: before })
    await arrived(socket, GROUP, await emit(node, GROUP))
    // some commits are cut in the middle, some after they have succeeded
    const stop = keepEmitting(node)
    const bringUp = await takeDown(node.database)
    try {
      t.match(await socket.expect({ type: 'stale' }), { since: /Z$/ })
      const refusal = await openV1(node, staff).catch((error: unknown) => error)
      t.ok(refusal instanceof RefusedError && refusal.status === 503)
      t.equal(socket.ws.readyState, socket.ws.OPEN)
    } finally {
      await bringUp()
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

t.test(
  'a node that gets events only from the log becomes fresh again while events keep coming',
  async (t) => {
    const one = await startNode(t)
    // without Redis the second node reads the first one's events from the log every second
    const two = await startNode(t, { database: one.database })
    const socket = await openV1(two, await openSession(two, 'staff'))
    socket.subscribe()
    // an event that its snapshot holds would not come
    await socket.expect({ type: 'snapshot' })
    const stop = keepEmitting(one)
    try {
      const bringUp = await takeDown(one.database)
      try {
        await socket.expect({ type: 'stale' })
      } finally {
        await bringUp()
      }
      t.ok(await socket.expect({ type: 'fresh' }))
    } finally {
      await stop()
    }
    await arrived(socket, GROUP, await emit(one, GROUP))
  },
)

t.test('a client that subscribes while PostgreSQL is down is served once it is up', async (t) => {
  const node = await startNode(t)
  const staff = await openSession(node, 'staff')
  const before = await emit(node, GROUP, 3)
  const keeper = await openV1(node, staff)
  keeper.subscribe()
  await keeper.expect({ type: 'snapshot' })
  const [fresh, resuming] = [await openV1(node, staff), await openV1(node, staff)]
  const bringUp = await takeDown(node.database)
  try {
    fresh.subscribe()
    resuming.subscribe({ [GROUP]: 0 })
    await keeper.expect({ type: 'stale' })
  } finally {
    await bringUp()
  }
  const last = await emit(node, GROUP)
  t.match(await fresh.expect({ type: 'snapshot' }), { seq: Number })
  await arrived(resuming, GROUP, last)
  t.equal(faultIn(seqsOf(resuming, GROUP), 1, last), null)
  t.ok(last > before)
})
