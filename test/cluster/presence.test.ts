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

t.test('counts staff sockets over all nodes, only in their own theatre', async (t) => {
  const first = await openPlain(one, staff)
  await until(() => two.app.hub.presence.count(GROUP) === 1, 'the other node to count it')
  const dashboard = await openPlain(two, admin)
  await dashboard.expect({ type: 'presence', group: GROUP, online: { staff: 1 } })
  const other = await openV1(one, staff2)
  await dashboard.expect({ type: 'presence', group: theatreOrders(2), online: { staff: 1 } })
  const second = await openV1(two, staff)
  await dashboard.expect({ type: 'presence', group: GROUP, online: { staff: 2 } })
  // messages from the client do not change where it is counted
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

t.test('does not count a socket that the service has closed, whatever it still sends', async (t) => {
  const { presence } = one.app.hub
  const leaver = await openSession(one, 'staff')
  // does not answer the close frame
  const unresponsive = await openRaw(one.port)
  t.teardown(() => unresponsive.destroy())
  unresponsive.write(headOf(one.port, { path: ORDERS_SOCKET, cookie: leaver.cookie }))
  t.equal((await readAnswer(unresponsive)).status, 101)
  await until(() => presence.count(GROUP) === 1, 'the socket to be counted')
  const logout = await createClient(one.url).post('/api/auth/logout', undefined, {
    headers: { cookie: leaver.cookie },
  })
  t.equal(logout.status, 204)
  await until(() => closeCode(unresponsive) === CloseCode.sessionEnded, 'the close frame')
  unresponsive.write(frame(OPCODE.text, '{"theatre_id":1}'))
  unresponsive.write(frame(OPCODE.close))
  await unresponsive.closed()
  // changes are applied in order: once this one is counted, the earlier ones are too
  const later = await openV1(one, staff2)
  await until(() => presence.count(theatreOrders(2)) === 1, 'a later socket to be counted')
  t.equal(presence.count(GROUP), 0)
  await later.close()
  await until(() => presence.count(theatreOrders(2)) === 0, 'no socket to be counted')
})

t.test('counts a socket from when its user becomes staff until they are no longer', async (t) => {
  const { app, db } = one
  const both = [1, 2]
  const password = 'a-good-password'
  const operator = 'operator'
  await createUser(app.actionContext, operator, {
    username: 'rises',
    password,
    role: 'staff',
    theatreIds: both,
  })
  await createUser(app.actionContext, operator, {
    username: 'falls',
    password,
    role: 'admin',
    theatreIds: [1],
  })
  const idOf = async (username: string) => (await db.user.findUniqueOrThrow({ where: { username } })).id
  const counts = () => both.map((id) => two.app.hub.presence.count(theatreOrders(id)))
  const counted = (first: number, second: number, what: string) =>
    until(() => counts().join() === `${first},${second}`, what)

  const rising = await openV1(one, await openSession(one, 'rises'))
  const falling = await openV1(one, await openSession(one, 'falls'))
  await counted(1, 1, 'only the staff user')

  await updateUser(app.actionContext, operator, await idOf('rises'), { role: 'admin' })
  await counted(0, 0, 'none: admins are not counted')
  await rising.roundTrip()

  t.equal(rising.ws.readyState, rising.ws.OPEN, 'a user who keeps all groups keeps the socket')
  await updateUser(app.actionContext, operator, await idOf('falls'), { role: 'staff' })
  await counted(1, 0, 'the new staff user of the first theatre')
  const newcomers = [await openV1(one, staff), await openV1(one, staff2)]
  await counted(2, 1, 'two more sockets')
  await newcomers[1]?.close()
  await counted(2, 0, 'one closed')
  for (const socket of [rising, falling, ...newcomers]) await socket.close()
  await counted(0, 0, 'none')
})

t.test('sends the presence count over all nodes when a socket subscribes and when it changes', async (t) => {
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

t.test('subscribes to a group’s channel only while the node has members of the group', async (t) => {
  const { commands } = one.app.redis
  if (!commands) throw new Error('no Redis')
  const channels = async () =>
    (await commands.pubsub('CHANNELS', '*')).map(String).filter((name) => name.endsWith(GROUP))
  await until(async () => (await channels()).length === 0, 'the channels to be unsubscribed')
  const [a, b] = [await openV1(one, staff), await openV1(two, staff)]
  for (const socket of [a, b]) {
    socket.subscribe()
    await socket.expect({ type: 'snapshot' })
  }
  const [channel = ''] = await channels()
  t.same(await commands.pubsub('NUMSUB', channel), [channel, 2])
  await a.close()
  await until(async () => (await commands.pubsub('NUMSUB', channel))[1] === 1, 'one node to unsubscribe')
  await b.close()
  await until(async () => (await channels()).length === 0, 'the other node to unsubscribe')
})
