import t from 'tap'
import { theatreOrders } from '../../src/live/groups.js'
import type { TestApp } from '../helpers/app.js'
import { testDatabase } from '../helpers/postgres.js'
import { startRedis } from '../helpers/redis.js'
import type { Frame, TestSocket } from '../helpers/socket.js'
import { openLegacy, openV1, signIn, startNode } from '../live/stage.js'
import { until } from '../live/until.js'

const redis = await startRedis(t)
const database = await testDatabase(t, { demo: true })
const env = { REDIS_URL: redis.url }
const [one, two]: [TestApp, TestApp] = [
  await startNode(t, { database, env }),
  await startNode(t, { database, env }),
]
const GROUP = theatreOrders(1)
const [staff, staff2, admin] = [
  await signIn(one, 'staff'),
  await signIn(one, 'staff2'),
  await signIn(one, 'admin'),
]

/** What a legacy frame says, with what it says inside. */
function inner({ updated_table_data: text }: Frame): unknown {
  return typeof text === 'string' ? JSON.parse(text) : null
}
const told = (socket: TestSocket) => socket.history.map(inner)
const says = (socket: TestSocket, type: string) =>
  socket.expect((frame) => {
    const said = inner(frame)
    return typeof said === 'object' && said !== null && 'msg_typ' in said && said.msg_typ === type
  })

t.test(
  'an admin’s legacy page learns who is there as it opens, and who comes and goes, on any node',
  async (t) => {
    const first = await openLegacy(one, staff)
    await until(() => two.app.hub.presence.count(GROUP) === 1, 'the other node to know')
    const dashboard = await openLegacy(two, admin)
    t.same(inner(await says(dashboard, 'all-connected-theatres')), {
      msg_typ: 'all-connected-theatres',
      connected_theatres: [1],
    })
    dashboard.send({ theatre_id: 'admin' })
    const other = await openLegacy(one, staff2)
    t.match(inner(await says(dashboard, 'connected_theatre')), { connected_theatre_id: 2 })
    // a second one of a theatre is no news, nor that it goes
    const second = await openLegacy(two, staff)
    await until(() => two.app.hub.presence.count(GROUP) === 2, 'both to be counted')
    await second.close()
    await until(() => two.app.hub.presence.count(GROUP) === 1, 'one to be left')
    await first.close()
    t.match(inner(await says(dashboard, 'disconnected_theatre')), { disconnected_theatre_id: 1 })
    await other.close()
    t.match(inner(await says(dashboard, 'disconnected_theatre')), { disconnected_theatre_id: 2 })
    t.equal(told(dashboard).length, 4)
    await dashboard.close()
  },
)

t.test(
  'a page that names its theatre shows presence there; a theatre that is not its own is ignored',
  async (t) => {
    const page = await openLegacy(one, staff)
    page.send({ theatre_id: 2 })
    page.send('{"theatre_id": "1"}')
    page.send('garbage {')
    page.send({ theatre_id: { $gt: 0 } })
    page.ws.send(Buffer.from([1, 2, 3]))
    await until(() => two.app.hub.presence.count(GROUP) === 1, 'its own theatre')
    await page.roundTrip()
    t.equal(page.ws.readyState, page.ws.OPEN, 'whatever it sends')
    t.equal(two.app.hub.presence.count(theatreOrders(2)), 0)
    await page.close()
    await until(() => two.app.hub.presence.count(GROUP) === 0, 'it to be gone')
  },
)

t.test('houselights.v1 is told how many there are, the ones on the other node too', async (t) => {
  const [a, b] = [await openV1(one, staff), await openV1(two, staff)]
  for (const socket of [a, b]) socket.subscribe()
  for (const socket of [a, b]) await socket.expect({ type: 'presence', group: GROUP, online: { staff: 2 } })
  const c = await openV1(one, admin)
  c.subscribe()
  t.match(
    await c.expect({ type: 'presence', group: GROUP }),
    { online: { staff: 2 } },
    'admins are not counted',
  )
  await b.close()
  for (const socket of [a, c]) await socket.expect({ type: 'presence', group: GROUP, online: { staff: 1 } })
  for (const socket of [a, c]) await socket.close()
})

t.test('a channel is held only while the node has members of its group', async (t) => {
  const { commands } = one.app.redisLinks ?? {}
  if (!commands) throw new Error('no Redis')
  const held = async () =>
    (await commands.pubsub('CHANNELS', '*')).map(String).filter((name) => name.endsWith(GROUP))
  await until(async () => (await held()).length === 0, 'the channels to be given up')
  const [a, b] = [await openV1(one, staff), await openV1(two, staff)]
  for (const socket of [a, b]) {
    socket.subscribe()
    await socket.expect({ type: 'snapshot' })
  }
  const [channel = ''] = await held()
  t.same(await commands.pubsub('NUMSUB', channel), [channel, 2])
  await a.close()
  await until(async () => (await commands.pubsub('NUMSUB', channel))[1] === 1, 'one node to give it up')
  await b.close()
  await until(async () => (await held()).length === 0, 'the other too')
})
