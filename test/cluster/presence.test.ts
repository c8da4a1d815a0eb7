import t from 'tap'
import { createUser, updateUser } from '../../src/accounts/user-actions.js'
import { CloseCode } from '../../src/live/close-codes.js'
import { theatreOrders } from '../../src/live/groups.js'
import type { TestApp } from '../helpers/app.js'
import { createClient } from '../helpers/http.js'
import { testDatabase } from '../helpers/postgres.js'
import { openRaw } from '../helpers/raw.js'
import { startRedis } from '../helpers/redis.js'
import type { Frame, TestSocket } from '../helpers/socket.js'
import { ORDERS_SOCKET, openLegacy, openV1, signIn, startNode } from '../live/stage.js'
import { until } from '../live/until.js'
import { closeCode, frame, OPCODE } from '../security/frames.js'
import { headOf, readAnswer } from '../security/handshakes.js'

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

t.test('a page that the service has closed is not there, whatever it still says', async (t) => {
  const { presence } = one.app.hub
  const leaver = await signIn(one, 'staff')
  // one that answers no close frame
  const deaf = await openRaw(one.port)
  t.teardown(() => deaf.destroy())
  deaf.write(headOf(one.port, { path: ORDERS_SOCKET, cookie: leaver.cookie }))
  t.equal((await readAnswer(deaf)).status, 101)
  await until(() => presence.count(GROUP) === 1, 'it to be counted')
  const logout = await createClient(one.url).post('/api/auth/logout', undefined, {
    headers: { cookie: leaver.cookie },
  })
  t.equal(logout.status, 204)
  await until(() => closeCode(deaf) === CloseCode.sessionEnded, 'the close frame')
  deaf.write(frame(OPCODE.text, '{"theatre_id":1}'))
  deaf.write(frame(OPCODE.close))
  await deaf.closed()
  // counted together with all that changed before it
  const later = await openLegacy(one, staff2)
  await until(() => presence.count(theatreOrders(2)) === 1, 'one that came after it')
  t.equal(presence.count(GROUP), 0)
  await later.close()
  await until(() => presence.groups().length === 0, 'nobody to be left')
})

t.test('a change of role: who becomes staff is there, who is staff no more is not', async (t) => {
  const { app, db } = one
  const both = [1, 2]
  const password = 'a-good-password'
  const operator = 'operator'
  await createUser(app.actions, operator, { username: 'rises', password, role: 'staff', theatreIds: both })
  await createUser(app.actions, operator, { username: 'falls', password, role: 'admin', theatreIds: [1] })
  const idOf = async (username: string) => (await db.user.findUniqueOrThrow({ where: { username } })).id
  const counts = () => both.map((id) => two.app.hub.presence.count(theatreOrders(id)))
  const counted = (first: number, second: number, what: string) =>
    until(() => counts().join() === `${first},${second}`, what)

  const rising = await openLegacy(one, await signIn(one, 'rises'))
  const falling = await openLegacy(one, await signIn(one, 'falls'))
  await counted(1, 1, 'the staff alone')
  t.match(inner(await says(falling, 'all-connected-theatres')), { msg_typ: 'all-connected-theatres' })

  await updateUser(app.actions, operator, await idOf('rises'), { role: 'admin' })
  await counted(0, 0, 'nobody: an admin is not counted')
  rising.send({ theatre_id: 1 })
  await rising.roundTrip()

  // the last one to be there goes: what an admin is shown
  await says(falling, 'disconnected_theatre')
  const before = told(falling).length
  await updateUser(app.actions, operator, await idOf('falls'), { role: 'staff' })
  await counted(1, 0, 'who is staff of the first theatre now')
  const newcomers = [await openLegacy(one, staff), await openLegacy(one, staff2)]
  await counted(2, 1, 'two more')
  await newcomers[1]?.close()
  await counted(2, 0, 'one to have gone')
  await falling.roundTrip()
  t.same(told(falling).slice(before), [], 'who is there is shown to admins only')
  for (const socket of [rising, falling, ...newcomers]) await socket.close()
  await counted(0, 0, 'nobody')
})

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
  const { commands } = one.app.redis
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
