import t from 'tap'
import { createUser, updateUser } from '../../src/accounts/user-actions.js'
import { CloseCode } from '../../src/protocol/close-codes.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { testDatabase } from '../helpers/database.js'
import { headOf, readAnswer } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { openRaw } from '../helpers/raw-connection.js'
import { startRedis } from '../helpers/redis.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { ORDERS_SOCKET, openPlain, openV1 } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'
import { closeCode, frame, OPCODE } from '../security/frames.js'

const redis = await startRedis(t)
const database = await testDatabase(t, { demo: true })
const env = { REDIS_URL: redis.url }
const [one, two]: [TestService, TestService] = [
  await startNode(t, { database, env }),
  await startNode(t, { database, env }),
]
const GROUP = theatreOrders(1)
const [staff, staff2, admin] = [
  await openSession(one, 'staff'),
  await openSession(one, 'staff2'),
  await openSession(one, 'admin'),
]

t.test('staff are counted on any node as they come and go, in their own theatre only', async (t) => {
  const first = await openPlain(one, staff)
  await until(() => two.app.hub.presence.count(GROUP) === 1, 'the other node to know')
  const dashboard = await openPlain(two, admin)
  await dashboard.expect({ type: 'presence', group: GROUP, online: { staff: 1 } })
  const other = await openV1(one, staff2)
  await dashboard.expect({ type: 'presence', group: theatreOrders(2), online: { staff: 1 } })
  const second = await openV1(two, staff)
  await dashboard.expect({ type: 'presence', group: GROUP, online: { staff: 2 } })
  // what a page sends grants nothing and counts nowhere
  for (const text of ['{"theatre_id": 2}', 'garbage {']) first.send(text)
  await first.roundTrip()
  t.equal(two.app.hub.presence.count(theatreOrders(2)), 1)
  await second.close()
  await first.close()
  await dashboard.expect({ type: 'presence', group: GROUP, online: { staff: 0 } })
  await other.close()
  await dashboard.expect({ type: 'presence', group: theatreOrders(2), online: { staff: 0 } })
  await dashboard.close()
})

t.test('a page that the service has closed is not there, whatever it still says', async (t) => {
  const { presence } = one.app.hub
  const leaver = await openSession(one, 'staff')
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
  const later = await openV1(one, staff2)
  await until(() => presence.count(theatreOrders(2)) === 1, 'one that came after it')
  t.equal(presence.count(GROUP), 0)
  await later.close()
  await until(() => presence.count(theatreOrders(2)) === 0, 'nobody to be left')
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

  const rising = await openV1(one, await openSession(one, 'rises'))
  const falling = await openV1(one, await openSession(one, 'falls'))
  await counted(1, 1, 'the staff alone')

  await updateUser(app.actions, operator, await idOf('rises'), { role: 'admin' })
  await counted(0, 0, 'nobody: an admin is not counted')
  await rising.roundTrip()

  t.equal(rising.ws.readyState, rising.ws.OPEN, 'who keeps all groups keeps the socket')
  await updateUser(app.actions, operator, await idOf('falls'), { role: 'staff' })
  await counted(1, 0, 'who is staff of the first theatre now')
  const newcomers = [await openV1(one, staff), await openV1(one, staff2)]
  await counted(2, 1, 'two more')
  await newcomers[1]?.close()
  await counted(2, 0, 'one to have gone')
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
