import t, { type Test } from 'tap'
import { applyMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { theatreChat, theatreOrders } from '../../src/protocol/groups.js'
import { type Customer, orderFrom, postOrder, sendMessage } from '../helpers/customers.js'
import { testServer, withClient } from '../helpers/database-template.js'
import { createClient, movedTo } from '../helpers/http-client.js'
import { startInstalledPostgres } from '../helpers/installed-postgres.js'
import { head } from '../helpers/live-events.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession, signIn } from '../helpers/sign-in.js'
import { ORDERS_SOCKET, openV1, type TestSocket } from '../helpers/socket-client.js'
import { backupTo, connected, contents, freshName, restore, type Server } from './backups.js'

// A database is lost, and its backup comes back under the service: on the embedded PostgreSQL and on the system's.

const CHATS_SOCKET = '/ws/chat-socket/'
const TEXT = 'Nuts?\\N\t"no"\r\n\u2028 काजू नहीं \\.'

/** Orders of all kinds, with what belongs to them. */
async function useService({ url }: TestService): Promise<Customer[]> {
  const made = [
    await orderFrom(url, 'demo-a1', { 'Salted Popcorn': 2 }, 'online', TEXT.trim()),
    await orderFrom(url, 'demo-a2', { 'Salted Popcorn': 1 }, 'cash'),
    await orderFrom(url, 'demo-a3', { 'Salted Popcorn': 1 }, 'failed'),
  ]
  for (const { client, orderId } of made) await sendMessage(client, orderId, TEXT)
  return made
}

/** A database is used, backed up, used again and lost; the backup comes back on `to`, under the service. */
async function loseAndRestore(t: Test, from: Server, to: Server): Promise<void> {
  const url = from.urlOf(freshName(t, from))
  await applyMigrations(url)
  const before = connected(t, url)
  await writeDemoData(before.db)
  const first = await startNode(t, { database: before })
  const customers = await useService(first)
  const chats = new Map<number, unknown>()
  for (const { client, orderId } of customers)
    chats.set(orderId, (await client.get(`/api/chats/${orderId}/messages`)).body)
  const staff = await signIn(first.url, 'staff')
  const file = await backupTo(t, url)
  const saved = await contents(url)

  // what is lost: more events than the new log will have at first, in a group that had none, too
  const lost = await useService(first)
  const cursors = {
    [theatreOrders(1)]: await head(before.db, theatreOrders(1)),
    [theatreChat(1)]: await head(before.db, theatreChat(1)),
  }
  await first.close()
  await before.close()
  await withClient(from.adminUrl, (client) => client.query(`DROP DATABASE ${new URL(url).pathname.slice(1)}`))

  const again = to === from ? url : to.urlOf(freshName(t, to))
  const done = await restore(again, file)
  t.match(done, { code: 0, err: '', out: /^Restored \d+ rows of \d+ tables\.$/m })
  t.notMatch(done.out, /^NOT /m, 'and it has checked itself')
  const restored = await contents(again)
  for (const [table, rows] of Object.entries(saved)) {
    if (!['sessions', 'live_groups', 'live_events', 'push_subscriptions'].includes(table))
      t.strictSame(restored[table], rows, table)
  }

  const after = connected(t, again)
  const second = await startNode(t, { database: after })
  for (const { client, orderId } of customers) {
    const moved = movedTo(second.url, client)
    t.match(await moved.get(`/api/orders/${orderId}`), { status: 200 }, 'the customer has the order')
    t.strictSame((await moved.get(`/api/chats/${orderId}/messages`)).body, chats.get(orderId), 'and the chat')
  }
  t.match(await movedTo(second.url, staff).get('/api/auth/session'), { status: 401 }, 'staff sign in again')
  await resumeOn(t, second, cursors)
  const lostIds = lost.map(({ orderId }) => orderId)
  const next = await postOrder(createClient(second.url))
  t.ok(next.id > Math.max(...lostIds), 'the id of a lost order is not given out again')
  t.match(await restore(again, '--check'), { code: 0, err: '' })
}

/** Clients of the lost time start with a snapshot, and receive what happens next. */
async function resumeOn(t: Test, service: TestService, cursors: Record<string, number>): Promise<void> {
  const staff = await openSession(service, 'staff')
  const sockets = new Map<string, TestSocket>()
  for (const [group, path] of [
    [theatreOrders(1), ORDERS_SOCKET],
    [theatreChat(1), CHATS_SOCKET],
  ] as const) {
    const socket = await openV1(service, staff, path)
    socket.subscribe({ [group]: cursors[group] ?? 0 })
    t.match(await socket.expect({ type: 'snapshot' }), { group }, `${group} from ${cursors[group]}`)
    sockets.set(group, socket)
  }
  const client = createClient(service.url)
  const { id } = await postOrder(client, { seat: 'demo-b1' })
  await sendMessage(client, id, 'Hello')
  for (const [group, socket] of sockets)
    t.ok(await socket.expect({ type: 'event', group }), `then events of ${group}`)
}

t.test('a database that was dropped comes back, and clients resume rightly', async (t) => {
  const embedded = await testServer()
  await loseAndRestore(t, embedded, embedded)
})

t.test('the same on the system’s PostgreSQL, and from the embedded one to it', async (t) => {
  const { urlOf } = await startInstalledPostgres(t)
  const version = await withClient(urlOf('postgres'), async (client) => {
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
    return Number(rows[0]?.server_version_num)
  })
  t.ok(version >= 150_000, `PostgreSQL ${version}`)
  const installed = { adminUrl: urlOf('postgres'), urlOf }
  await loseAndRestore(t, installed, installed)
  await loseAndRestore(t, await testServer(), installed)
})
