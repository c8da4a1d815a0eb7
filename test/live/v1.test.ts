import t from 'tap'
import { openGuest } from '../../src/accounts/account-actions.js'
import { commit } from '../../src/events/commit.js'
import { noThrottle } from '../../src/limits/login-throttle.js'
import { placeOrder } from '../../src/orders/place-order.js'
import { orderGroup, theatreChat, theatreOrders } from '../../src/protocol/groups.js'
import { within } from '../helpers/deadline.js'
import { arrived, emit, eventFor, faultIn, head, range, seqsOf } from '../helpers/live-events.js'
import { httpHead, openRaw } from '../helpers/raw-connection.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { ORDERS_SOCKET, openPlain, openV1, type TestSocket } from '../helpers/socket-client.js'
import { until } from '../helpers/until.js'

const GROUP = theatreOrders(1)
const OTHER = theatreOrders(2)

const node = await startNode(t, { env: { WS_MAX_PAYLOAD: '2048' } })
const staff = await openSession(node, 'staff')
const admin = await openSession(node, 'admin')

async function subscribed(cursors?: Record<string, unknown>, who = staff): Promise<TestSocket> {
  const socket = await openV1(node, who)
  await socket.expect({ type: 'hello' })
  socket.send({ type: 'subscribe', ...(cursors ? { cursors } : {}) })
  return socket
}

t.teardown(async () => {
  for (const connection of [...node.app.hub.connections]) connection.terminate()
})

t.test(
  'without a subprotocol a client is subscribed at once, without cursors, and gets the same frames',
  async (t) => {
    const socket = await openPlain(node, admin)
    t.equal(socket.ws.protocol, '')
    const hello = await socket.expect<{ groups: string[] }>({ type: 'hello' })
    t.strictSame(socket.history[0], hello)
    for (const group of [GROUP, OTHER]) {
      t.ok(hello.groups.includes(group))
      await socket.expect({ type: 'snapshot', group })
    }
    const last = await emit(node, GROUP, 3)
    await arrived(socket, GROUP, last)
    t.equal(faultIn(seqsOf(socket, GROUP), last - 2, last), null)
    socket.subscribe({ [GROUP]: 0 })
    await socket.expect({ type: 'error', code: 'already_subscribed' })
    await socket.roundTrip()
    t.equal(faultIn(seqsOf(socket, GROUP), last - 2, last), null, 'a later cursor replays nothing')
    await socket.close()
  },
)

t.test('hello is the first message, with the user, groups, positions, end of session and time', async (t) => {
  const socket = await openV1(node, staff)
  const hello = await socket.expect({ type: 'hello' })
  t.strictSame(socket.history[0], hello)
  t.match(hello, {
    groups: [GROUP],
    user: { id: staff.userId, username: 'staff', role: 'staff', theatres: [{ id: 1, name: 'Grand Cinema' }] },
    positions: { [GROUP]: await head(node.db, GROUP) },
    connection: /^[0-9a-f-]{36}$/,
    sessionExpiresAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    now: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  })
  t.equal(socket.ws.protocol, 'houselights.v1')
  await emit(node, GROUP)
  await socket.roundTrip()
  t.equal(
    socket.history.filter(({ type }) => type !== 'presence').length,
    1,
    'nothing before the subscription',
  )
})

t.test('without a cursor a client gets a snapshot at the head, then every event', async (t) => {
  const before = await emit(node, GROUP, 3)
  const socket = await subscribed()
  t.match(await socket.expect({ type: 'snapshot' }), { group: GROUP, seq: before, data: { orders: [] } })
  const last = await emit(node, GROUP, 5)
  await arrived(socket, GROUP, last)
  t.strictSame(seqsOf(socket, GROUP), range(before + 1, last))
  // presence messages may come at any moment
  const lastEvent = socket.history.filter(({ type }) => type === 'event').at(-1)
  t.match(lastEvent, { name: 'order.placed', at: /Z$/, data: { n: Number } })
})

t.test('a shared snapshot is never older than an event the client has seen', async (t) => {
  for (let round = 0; round < 5; round++) {
    const last = await emit(node, GROUP)
    const sockets = await Promise.all([subscribed(), subscribed()])
    for (const socket of sockets) t.match(await socket.expect({ type: 'snapshot' }), { seq: last })
    for (const socket of sockets) socket.terminate()
  }
})

t.test('with a cursor a client gets every event after it, once and in order, and no snapshot', async (t) => {
  const before = await head(node.db, GROUP)
  const middle = await emit(node, GROUP, 20)
  const socket = await subscribed({ [GROUP]: before })
  const last = await emit(node, GROUP, 20)
  await arrived(socket, GROUP, last)
  t.equal(faultIn(seqsOf(socket, GROUP), before + 1, last), null)
  t.notOk(socket.history.some(({ type }) => type === 'snapshot'))

  const fromMiddle = await subscribed({ [GROUP]: middle + 7 })
  await arrived(fromMiddle, GROUP, last)
  t.equal(faultIn(seqsOf(fromMiddle, GROUP), middle + 8, last), null)

  const atZero = await subscribed({ [GROUP]: 0 })
  await arrived(atZero, GROUP, last)
  t.equal(faultIn(seqsOf(atZero, GROUP), 1, last), null, 'from the first event on')
})

t.test('a cursor at the head gets only new events', async (t) => {
  const at = await head(node.db, GROUP)
  const socket = await subscribed({ [GROUP]: at })
  socket.send({ type: 'ping' })
  await socket.expect({ type: 'pong' })
  t.strictSame(seqsOf(socket, GROUP), [])
  const last = await emit(node, GROUP)
  await arrived(socket, GROUP, last)
  t.strictSame(seqsOf(socket, GROUP), [last])
})

t.test('a cursor ahead of this node but not of the log needs no snapshot', async (t) => {
  await subscribed()
  // commits that are not published
  await commit({ db: node.db, live: { publish() {} } }, async () => ({
    result: undefined,
    events: [eventFor(GROUP), eventFor(GROUP), eventFor(GROUP)],
  }))
  const at = await head(node.db, GROUP)
  const socket = await subscribed({ [GROUP]: at - 1 })
  await arrived(socket, GROUP, at)
  const last = await emit(node, GROUP)
  await arrived(socket, GROUP, last)
  t.equal(faultIn(seqsOf(socket, GROUP), at, last), null)
  t.notOk(socket.history.some(({ type }) => type === 'snapshot'))
})

t.test('an invalid cursor gets a snapshot, then events', async (t) => {
  const at = await head(node.db, GROUP)
  const cursors: Record<string, unknown> = {
    'ahead of the head': at + 1,
    'far ahead': Number.MAX_SAFE_INTEGER,
    'beyond integers': 1e300,
    negative: -1,
    fraction: 1.5,
    text: String(at),
    nothing: null,
    list: [at],
    truth: true,
  }
  for (const [name, cursor] of Object.entries(cursors)) {
    const socket = await subscribed({ [GROUP]: cursor })
    const { seq } = await socket.expect<{ seq: number }>({ type: 'snapshot', group: GROUP })
    const last = await emit(node, GROUP)
    await arrived(socket, GROUP, last)
    t.equal(faultIn(seqsOf(socket, GROUP), seq + 1, last), null, name)
    socket.terminate()
  }
})

t.test('cursors for other or unknown groups grant no access', async (t) => {
  const theirs = await emit(node, OTHER)
  const socket = await subscribed({ [OTHER]: 0, __proto__: 1, constructor: 1, 'order:1': 0, nonsense: 3 })
  await socket.expect({ type: 'snapshot', group: GROUP })
  await emit(node, OTHER)
  await socket.refute((frame) => frame.group === OTHER)
  t.ok(theirs > 0)
  t.strictSame(new Set(socket.history.flatMap(({ group }) => group ?? [])), new Set([GROUP]))
})

t.test('a cursor older than the retained events gets a snapshot', async (t) => {
  const before = await head(node.db, GROUP)
  const kept = await emit(node, GROUP, 10)
  await node.db.$executeRaw`DELETE FROM live_events WHERE group_name = ${GROUP} AND seq <= ${kept - 5}`
  // on a node that has none of the events in memory
  const fresh = await startNode(t, { database: node.database })
  const open = async (cursor: number) => {
    const socket = await openV1(fresh, staff)
    await socket.expect({ type: 'hello' })
    socket.subscribe({ [GROUP]: cursor })
    return socket
  }
  const old = await open(before + 2)
  t.match(await old.expect({ type: 'snapshot' }), { seq: kept })
  const justKept = await open(kept - 5)
  await arrived(justKept, GROUP, kept)
  t.notOk(justKept.history.some(({ type }) => type === 'snapshot'))
  const justGone = await open(kept - 6)
  t.match(await justGone.expect({ type: 'snapshot' }), { seq: kept })
  const last = await emit(fresh, GROUP)
  for (const socket of [old, justKept, justGone]) await arrived(socket, GROUP, last)
  t.strictSame(seqsOf(old, GROUP), [last])
  t.equal(faultIn(seqsOf(justKept, GROUP), kept - 4, last), null)
})

t.test('a cursor thousands of events old is served from the log', async (t) => {
  const before = await head(node.db, GROUP)
  let last = 0
  for (let i = 0; i < 5; i++) last = await emit(node, GROUP, 500, 200)
  const sockets = await Promise.all(
    [before, before + 1, before + 1300].map((at) => subscribed({ [GROUP]: at })),
  )
  last = await emit(node, GROUP, 3)
  for (const socket of sockets) await arrived(socket, GROUP, last)
  const [first, second, third] = sockets.map((socket) => seqsOf(socket, GROUP))
  t.equal(faultIn(first ?? [], before + 1, last), null)
  t.equal(faultIn(second ?? [], before + 2, last), null)
  t.equal(faultIn(third ?? [], before + 1301, last), null)
})

t.test('answers every ping, and refuses a second subscription without effect', async (t) => {
  const socket = await subscribed()
  await socket.expect({ type: 'snapshot' })
  for (let i = 0; i < 20; i++) socket.send({ type: 'ping' })
  for (let i = 0; i < 20; i++) await socket.expect({ type: 'pong' })
  socket.subscribe()
  t.match(await socket.expect({ type: 'error' }), { code: 'already_subscribed', message: String })
  socket.send({ type: 'send', chat: 1, text: 'x', clientId: 'y' })
  t.match(await socket.expect({ type: 'error' }), { code: 'not_here' })
  const last = await emit(node, GROUP)
  await arrived(socket, GROUP, last)
  t.equal(seqsOf(socket, GROUP).length, 1)
})

t.test('closes with 1008 after the fifth invalid message', async (t) => {
  const wrong: unknown[] = [
    'not json',
    '[]',
    '{"type":7}',
    { type: 'join' },
    { type: 'subscribe', cursors: 'all' },
  ]
  const codes = ['invalid_json', 'invalid_message', 'invalid_message', 'unknown_type', 'invalid_message']
  const socket = await openV1(node, staff)
  for (const [i, message] of wrong.entries()) {
    t.equal(socket.ws.readyState, socket.ws.OPEN)
    socket.send(message)
    t.match(await socket.expect({ type: 'error' }), { code: codes[i] })
  }
  t.equal((await socket.closed()).code, 1008)

  const binary = await openV1(node, staff)
  for (let i = 0; i < 5; i++) binary.ws.send(Buffer.from('{"type":"ping"}'))
  t.match(await binary.expect({ type: 'error' }), { code: 'invalid_message' })
  t.equal((await binary.closed()).code, 1008)
})

t.test('closes with 1009 for a message too big and with 1007 for invalid UTF-8', async (t) => {
  const fits = await openV1(node, staff)
  fits.send(`{"type":"ping","padding":"${'x'.repeat(2048 - 28)}"}`)
  await fits.expect({ type: 'pong' })
  const big = await openV1(node, staff)
  big.send('x'.repeat(2049))
  t.equal((await big.closed()).code, 1009)
  const garbled = await openV1(node, staff)
  garbled.ws.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false })
  t.equal((await garbled.closed()).code, 1007)
})

t.test('an admin receives all theatres on one socket, each in order', async (t) => {
  const at = { one: await head(node.db, GROUP), two: await head(node.db, OTHER) }
  await emit(node, OTHER, 4)
  const socket = await subscribed({ [GROUP]: at.one, [OTHER]: at.two }, admin)
  t.match(socket.history[0], { groups: [GROUP, OTHER] })
  const last = { one: await emit(node, GROUP, 3), two: await emit(node, OTHER, 3) }
  await arrived(socket, GROUP, last.one)
  await arrived(socket, OTHER, last.two)
  t.equal(faultIn(seqsOf(socket, GROUP), at.one + 1, last.one), null)
  t.equal(faultIn(seqsOf(socket, OTHER), at.two + 1, last.two), null)
})

t.test('an order’s socket gives its owner a snapshot with the order, and its events', async (t) => {
  const { caller, token } = await openGuest(
    {
      ...node.app.actionContext,
      sessions: node.config.session,
      throttle: noThrottle,
    },
    { userAgent: '', ip: '' },
  )
  const item = await node.db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  const { order } = await placeOrder(
    node.app.actionContext,
    { userId: caller.principal.userId, sessionId: caller.session.id },
    'demo-a1',
    {
      items: [{ menuItemId: item.id, quantity: 2 }],
      paymentMethod: 'cash',
      phone: null,
      idempotencyKey: null,
    },
  )
  const { name, signer } = node.app.sessionCookie
  const cookie = `${name}=${encodeURIComponent(signer.sign(token))}`
  const socket = await openV1(node, { cookie }, `/ws/payment-socket/${order.id}/`)
  t.match(await socket.expect({ type: 'hello' }), {
    groups: [orderGroup(order.id)],
    user: { role: 'customer' },
  })
  socket.subscribe()
  t.match(await socket.expect({ type: 'snapshot' }), {
    group: orderGroup(order.id),
    seq: 2,
    data: { order: { id: order.id, status: 'confirmed' }, messages: [] },
  })
  const resumed = await openV1(node, { cookie }, `/ws/payment-socket/${order.id}`)
  resumed.subscribe({ [orderGroup(order.id)]: 0 })
  await arrived(resumed, orderGroup(order.id), 2)
  t.strictSame(seqsOf(resumed, orderGroup(order.id)), [1, 2])
})

t.test('a client that subscribes after its feed was closed as idle is served', async (t) => {
  const slow = await openV1(node, staff, '/ws/chat-socket/')
  await slow.expect({ type: 'hello' })
  const chat = theatreChat(1)
  // no other member: the node closes the feed
  t.ok(await until(() => !node.app.hub.feeds.has(chat), 'the feed to be closed'))
  slow.subscribe()
  await slow.expect({ type: 'snapshot', group: chat })
  const last = await emit(node, chat)
  await arrived(slow, chat, last)
})

t.test(
  'leaves a theatre whose access is revoked; closes with 4403 when none is left, with 1012 when one is gained',
  async (t) => {
    const both = await node.db.user.create({
      data: { username: 'both', role: 'staff', theatres: { create: [{ theatreId: 1 }, { theatreId: 2 }] } },
    })
    const lose = (theatreId: number) =>
      commit(node.app.actionContext, async (tx) => {
        await tx.staffTheatre.deleteMany({ where: { userId: both.id, theatreId } })
        return {
          result: undefined,
          accessChanges: [{ kind: 'user_changed', userId: both.id, sessionId: null }],
        }
      })
    const socket = await subscribed(undefined, await openSession(node, 'both'))
    await socket.expect({ type: 'snapshot', group: GROUP })
    await socket.expect({ type: 'snapshot', group: OTHER })
    await lose(2)
    t.match(await socket.expect({ type: 'left' }), { group: OTHER, reason: String })
    await emit(node, OTHER)
    const last = await emit(node, GROUP)
    await arrived(socket, GROUP, last)
    t.strictSame(seqsOf(socket, OTHER), [])
    await node.db.staffTheatre.create({ data: { userId: both.id, theatreId: 2 } })
    await commit(node.app.actionContext, async () => ({
      result: undefined,
      accessChanges: [{ kind: 'user_changed', userId: both.id, sessionId: null }],
    }))
    t.match(await socket.closed(), { code: 1012, reason: 'retry=0' }, 'a group was gained: reconnect')

    const again = await subscribed(undefined, await openSession(node, 'both'))
    t.match(again.history[0], { groups: [GROUP, OTHER] })
    await commit(node.app.actionContext, async (tx) => {
      await tx.staffTheatre.deleteMany({ where: { userId: both.id } })
      return {
        result: undefined,
        accessChanges: [{ kind: 'user_changed', userId: both.id, sessionId: null }],
      }
    })
    t.equal((await again.closed()).code, 4403)
  },
)

t.test('handles messages that arrive together with the handshake', async (t) => {
  const raw = await openRaw(node.port)
  const payload = Buffer.from('{"type":"ping"}')
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
  raw.write(
    Buffer.concat([
      Buffer.from(
        httpHead(
          `GET ${ORDERS_SOCKET} HTTP/1.1`,
          `Host: 127.0.0.1:${node.port}`,
          `Origin: http://127.0.0.1:${node.port}`,
          `Cookie: ${staff.cookie}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Protocol: houselights.v1',
        ),
      ),
      frame,
    ]),
  )
  await within(raw.expect(/"type":"pong"/), 5000, 'the pong')
  t.match(raw.text, /101 Switching/)
  t.ok(raw.text.indexOf('"hello"') < raw.text.indexOf('"pong"'))
  raw.destroy()
})
