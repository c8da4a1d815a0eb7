import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { startNode } from '../helpers/service.js'
import { DEMO_PASSWORD, signIn } from '../helpers/sign-in.js'
import { openPlain, openV1, refused, type TestSocket } from '../helpers/socket-client.js'
import { untilSame } from '../helpers/until.js'

const ORDERS = '/ws/all-seat-datasocket/'
const CHAT = '/ws/chat-socket/'

const passwordAfter = (changes: number) => (changes === 0 ? DEMO_PASSWORD : `${DEMO_PASSWORD} ${changes}`)

/** Changes it for the nth time, from 0. */
async function changePassword(client: HttpClient, nth = 0): Promise<void> {
  const { status, text } = await client.post('/api/auth/password', {
    currentPassword: passwordAfter(nth),
    newPassword: passwordAfter(nth + 1),
  })
  if (status !== 204) throw new Error(`the change was answered ${status}: ${text}`)
}

t.test('a password change closes the sockets of whoever holds the old cookie', async (t) => {
  const node = await startNode(t)
  const staff = await signIn(node.url, 'staff')
  const elsewhere = await signIn(node.url, 'staff')
  const stolen = { cookie: staff.cookie }
  const own = [await openV1(node, stolen), await openPlain(node, stolen), await openV1(node, stolen, CHAT)]
  const others = [await openV1(node, elsewhere), await openV1(node, elsewhere, CHAT)]
  await changePassword(staff)
  t.not(staff.cookie, stolen.cookie)
  for (const socket of own) t.same(await socket.closed(), { code: 1012, reason: 'retry=0' })
  for (const socket of others) t.match(await socket.closed(), { code: 4401 })
  for (const path of [ORDERS, CHAT]) {
    t.match(await refused(node.url + path, stolen), { status: 401 })
    await (await openV1(node, staff, path)).close()
  }
  t.equal((await createClient(node.url).get('/api/auth/session', { headers: stolen })).status, 401)
})

t.test('no handshake with the old cookie survives the change, whenever it arrives', async (t) => {
  const node = await startNode(t)
  const staff = await signIn(node.url, 'staff')
  for (let round = 0; round < 4; round++) {
    const old = { cookie: staff.cookie }
    let isChanged = false
    const opened: TestSocket[] = []
    const knock = async () => {
      while (!isChanged)
        await openV1(node, old).then(
          (socket) => opened.push(socket),
          () => {},
        )
    }
    const knocking = [knock(), knock(), knock()]
    await untilSame(t, 'some are open', () => opened.length > 2, true)
    await changePassword(staff, round)
    isChanged = true
    await Promise.all(knocking)
    const ends = await Promise.all(opened.map((socket) => socket.closed()))
    t.same(new Set(ends.map(({ code }) => code)), new Set([1012]), `round ${round}`)
  }
})

t.test('a socket of the old cookie stores no message after the change', async (t) => {
  const node = await startNode(t)
  const { id: orderId } = await postOrder(createClient(node.url))
  const staff = await signIn(node.url, 'staff')
  const stolen = await openV1(node, { cookie: staff.cookie }, CHAT)
  stolen.subscribe()
  await stolen.expect({ type: 'snapshot' })
  // what the client sends faster than the node can close it
  let sent = 0
  const flood = setInterval(() => {
    if (stolen.ws.readyState !== stolen.ws.OPEN) return
    stolen.send({ type: 'send', chat: orderId, text: 'Hello', clientId: `c${sent++}` })
  }, 1)
  t.teardown(() => clearInterval(flood))
  await untilSame(t, 'some messages are stored', async () => (await node.db.chatMessage.count()) > 3, true)
  await changePassword(staff)
  const [row] = await node.db.$queryRaw<{ late: number }[]>`
    SELECT count(*)::int AS late FROM live_events
    WHERE name = 'chat.message' AND epoch >= (SELECT epoch FROM access_epoch WHERE id = 1)`
  t.match(await stolen.closed(), { code: 1012 })
  t.match(row, { late: 0 })
})
