import t from 'tap'
import { theatreOrders } from '../../src/protocol/groups.js'
import { arrived, emit, faultIn, head, seqsOf } from '../helpers/live-events.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const GROUP = theatreOrders(1)
const EVENTS = Number(process.env.EVENTS ?? 5000)
const BYTES = 3000
const PING = JSON.stringify({ type: 'ping', padding: 'x'.repeat(90) })

const node = await startNode(t)
const staff = await openSession(node, 'staff')
const pending = () => [...node.app.hub.connections].map((connection) => connection.pendingBytes)

t.test(
  'a client that stops reading costs bounded memory, gets every event later, and delays no other',
  async (t) => {
    const before = await head(node.db, GROUP)
    const slow = await openV1(node, staff)
    const quick = await openV1(node, staff)
    for (const socket of [slow, quick]) socket.subscribe({ [GROUP]: before })
    await slow.expect({ type: 'hello' })
    slow.pause()
    let last = 0
    let most = 0
    let longest = 0
    for (let i = 0; i < EVENTS; i += 200) {
      last = await emit(node, GROUP, 200, BYTES)
      const committedAt = performance.now()
      await arrived(quick, GROUP, last)
      longest = Math.max(longest, performance.now() - committedAt)
      most = Math.max(most, ...pending())
    }
    t.comment(
      `${EVENTS} events: at most ${most} bytes pending; the other reader waited ${longest.toFixed(0)} ms`,
    )
    t.ok(most > 0, 'the kernel’s buffers were full')
    t.ok(most < 100_000)
    slow.resume()
    await arrived(slow, GROUP, last, 60_000)
    t.equal(faultIn(seqsOf(slow, GROUP), before + 1, last), null)
    t.notOk(slow.history.some(({ type }) => type === 'snapshot'))
    for (const socket of [slow, quick]) socket.terminate()
  },
)

t.test('a client that stops reading repeatedly gets every event in order', async (t) => {
  const before = await head(node.db, GROUP)
  const slow = await openV1(node, staff)
  slow.subscribe({ [GROUP]: before })
  let last = 0
  for (let round = 0; round < 5; round++) {
    slow.pause()
    for (let i = 0; i < 5; i++) {
      last = await emit(node, GROUP, 200, BYTES)
      slow.ws.ping()
    }
    slow.resume()
    if (round % 2 === 0) await until(() => seqsOf(slow, GROUP).at(-1) === last, 'it to catch up')
  }
  await until(() => seqsOf(slow, GROUP).at(-1) === last, 'it to catch up')
  t.equal(faultIn(seqsOf(slow, GROUP), before + 1, last), null)
  slow.terminate()
})

t.test('a client that floods and does not read is not read any more', async (t) => {
  const flood = await openV1(node, staff)
  await flood.expect({ type: 'hello' })
  flood.pause()
  let most = 0
  const deadline = performance.now() + 120_000
  const isFull = () => flood.ws.bufferedAmount >= 4_000_000
  // when replies wait for the client, and it can't send more, the service has stopped reading
  while ((most === 0 || !isFull()) && most < 2_000_000 && performance.now() < deadline) {
    for (let i = 0; i < 500 && !isFull(); i++) flood.ws.send(PING)
    await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, ...pending())
  }
  t.comment(`at most ${most} bytes pending in the service, ${flood.ws.bufferedAmount} in the client`)
  t.ok(most > 0, 'replies wait')
  t.ok(most < 500_000, 'but not many')
  t.ok(isFull(), 'the client can’t send more')
  flood.terminate()
  await until(() => node.app.hub.connections.size === 0, 'it to be closed')
})

t.test('ping frames from a client that does not read cost bounded memory', async (t) => {
  const flood = await openV1(node, staff)
  await flood.expect({ type: 'hello' })
  flood.pause()
  let most = 0
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < 500; j++) flood.ws.ping(PING)
    await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, ...pending())
  }
  t.comment(`at most ${most} bytes pending`)
  t.ok(most < 100_000)
  flood.resume()
  await flood.roundTrip()
})
