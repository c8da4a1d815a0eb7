import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import { arrived, emit, endSession, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { connect, openPlain, openV1, type TestSocket } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const SEED = seedOfRun()
const random = new Random(SEED)
const SOCKETS = Number(process.env.SOCKETS ?? 1000)
const GROUP = theatreOrders(1)

const node = await startNode(t)
const staff = await openSession(node, 'staff')

/** Counts the reads of the event log while `work` runs. */
async function countingReads(work: () => Promise<void>): Promise<{ reads: number; snapshots: number }> {
  const counts = { reads: 0, snapshots: 0 }
  const { hub } = node.app
  const { readAfter, readLog, readSnapshots } = hub
  // readLog calls are counted though it shares reads: the count is an upper bound
  hub.readAfter = (...args) => {
    counts.reads++
    return readAfter.apply(hub, args)
  }
  hub.readLog = (...args) => {
    counts.reads++
    return readLog.apply(hub, args)
  }
  hub.readSnapshots = (...args) => {
    counts.snapshots++
    return readSnapshots.apply(hub, args)
  }
  try {
    await work()
  } finally {
    Object.assign(hub, { readAfter, readLog, readSnapshots })
  }
  return counts
}

/** Opens sockets, `concurrency` at a time. */
async function openMany(
  count: number,
  open: (i: number) => Promise<TestSocket>,
  concurrency = 50,
): Promise<TestSocket[]> {
  const sockets: TestSocket[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let i = next++; i < count; i = next++) sockets.push(await open(i))
    }),
  )
  return sockets
}

/** Emits while `work` runs: some events for every four sockets that join, however slow the machine. */
async function whileEventsFlow<T>(work: (joined: () => void) => Promise<T>): Promise<T> {
  let on = true
  let joined = 0
  const flowing = (async () => {
    for (let batch = 0; on; batch++) {
      await emit(node, GROUP, 1 + random.below(3))
      await until(() => !on || joined >= batch * 4, 'more sockets')
    }
  })()
  try {
    return await work(() => joined++)
  } finally {
    on = false
    await flowing
  }
}

t.test('sockets that join during a stream of events get each event exactly once', async (t) => {
  const startAt = await head(node.db, GROUP)
  const sockets = await whileEventsFlow((joined) =>
    openMany(SOCKETS, async (i) => {
      joined()
      if (i % 4 === 0) return openPlain(node, staff)
      const socket = await openV1(node, staff)
      socket.subscribe(i % 4 === 1 ? undefined : { [GROUP]: startAt })
      return socket
    }),
  )
  const last = await emit(node, GROUP)
  const faults: string[] = []
  for (const socket of sockets) {
    // on a busy machine a snapshot may be read after the last event, and include it
    await socket.expect(({ type, seq }) => (type === 'event' || type === 'snapshot') && seq === last)
    const snapshot = socket.history.find(({ type }) => type === 'snapshot')
    const fault = faultIn(seqsOf(socket, GROUP), Number(snapshot?.seq ?? startAt) + 1, last)
    if (fault) faults.push(fault)
  }
  t.strictSame(faults, [], `SEED=${SEED}`)
  t.comment(`${sockets.length} sockets, ${last - startAt} events, SEED=${SEED}`)
  for (const socket of sockets) socket.terminate()
  await until(() => node.app.hub.connections.size === 0, 'the sockets to close')
})

t.test('300 clients that resume or join at once cost a few queries', async (t) => {
  const first = await head(node.db, GROUP)
  for (let i = 0; i < 4; i++) await emit(node, GROUP, 200)
  // without members the node closes the feed: its ring is empty, as after a deploy
  await until(() => !node.app.hub.feeds.has(GROUP), 'the feed to be closed')
  let sockets: TestSocket[] = []
  const inRing = await countingReads(async () => {
    sockets = await openMany(300, async (i) => {
      const socket = await openV1(node, staff)
      socket.subscribe({ [GROUP]: first + (i % 100) })
      return socket
    })
    const last = await head(node.db, GROUP)
    for (const [i, socket] of sockets.entries()) {
      await arrived(socket, GROUP, last)
      const seqs = seqsOf(socket, GROUP)
      const fault = faultIn(seqs, seqs[0] ?? 0, last)
      if (fault) t.fail(`${i}: ${fault}`)
    }
  })
  t.comment(`300 clients up to 800 events behind: ${JSON.stringify(inRing)}`)
  t.ok(inRing.reads <= 5)
  t.equal(inRing.snapshots, 0)
  for (const socket of sockets) socket.terminate()

  const fresh = await countingReads(async () => {
    sockets = await openMany(300, async () => {
      const socket = await openV1(node, staff)
      socket.subscribe()
      return socket
    })
    for (const socket of sockets) await socket.expect({ type: 'snapshot' })
  })
  t.comment(`300 new clients: ${JSON.stringify(fresh)}`)
  t.ok(fresh.snapshots <= 30)
  for (const socket of sockets) socket.terminate()
})

t.test('a socket that joins during its revocation receives nothing committed after it', async (t) => {
  let closed = 0
  let refused = 0
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 15 }, async () => {
        const who = await openSession(node, 'staff')
        const opening = connect(`${node.url}/ws/all-seat-datasocket/`, {
          cookie: who.cookie,
          ...(random.chance(0.7) ? { protocol: 'houselights.v1' } : {}),
        }).catch(() => null)
        for (let i = random.below(8); i > 0; i--) await new Promise((resolve) => setImmediate(resolve))
        await endSession(node, who)
        const forbidden = await emit(node, GROUP)
        const socket = await opening
        if (!socket) return void refused++
        if (socket.ws.readyState === socket.ws.OPEN && socket.ws.protocol) socket.subscribe({ [GROUP]: 0 })
        t.equal((await socket.closed()).code, 4401, `SEED=${SEED}`)
        closed++
        const leaked = seqsOf(socket, GROUP).filter((seq) => seq >= forbidden)
        if (leaked.length > 0)
          t.fail(`SEED=${SEED}: received ${leaked}; ${forbidden} is after the revocation`)
      }),
    )
  }
  t.comment(`${closed} closed, ${refused} refused`)
})
