import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { readTables, tablesIn } from '../../src/backup/tables.js'
import { backupCommand } from '../../src/commands/backup-command.js'
import { restoreCommand } from '../../src/commands/restore-command.js'
import { createDatabase } from '../../src/database/client.js'
import { applyMigrations, migrationState, projectMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { theatreChat, theatreOrders } from '../../src/protocol/groups.js'
import { type Customer, orderFrom, postOrder, sendMessage } from '../helpers/customers.js'
import { type TestDatabase, testDatabase } from '../helpers/database.js'
import { newDatabaseName, testServer, withClient } from '../helpers/database-template.js'
import { createClient, movedTo } from '../helpers/http-client.js'
import { startInstalledPostgres } from '../helpers/installed-postgres.js'
import { head } from '../helpers/live-events.js'
import { startNode, type TestService } from '../helpers/service.js'
import { openSession, signIn } from '../helpers/sign-in.js'
import { ORDERS_SOCKET, openV1, type TestSocket } from '../helpers/socket-client.js'
import { runCommand } from './run-command.js'

// A backup and what comes of it, on the embedded PostgreSQL and on the system's.

t.setTimeout(170_000)

const CHATS_SOCKET = '/ws/chat-socket/'
const TEXT = 'Nuts?\\N\t"no"\r\n\u2028 काजू नहीं \\.'

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-backup-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const backup = (databaseUrl: string, ...args: string[]) => runCommand(backupCommand, args, { databaseUrl })
const restore = (databaseUrl: string, ...args: string[]) => runCommand(restoreCommand, args, { databaseUrl })

async function backupTo(t: Test, url: string): Promise<string> {
  const file = join(folderOf(t), 'houselights.backup.gz')
  t.match(await backup(url, '--out', file), { code: 0, err: '' })
  return file
}

interface Server {
  adminUrl: string
  urlOf(name: string): string
}

/** A database's name on a server; it does not exist yet. */
function freshName(t: Test, { adminUrl }: Server): string {
  const name = newDatabaseName()
  t.teardown(() =>
    withClient(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  )
  return name
}

function connected(t: Test, url: string): TestDatabase & { close(): Promise<void> } {
  const db = createDatabase({ url, poolSize: 2, poolTimeoutMs: 5000, statementTimeoutMs: 10_000 })
  const close = () => db.$disconnect()
  t.teardown(close)
  return { url, db, close }
}

/** All rows of all tables, as text. */
async function contents(url: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    await client.query(`SET TimeZone = 'UTC'`)
    const found: Record<string, string[]> = {}
    for (const { name } of await readTables(client, 'public', tablesIn(projectMigrations()))) {
      const { rows } = await client.query(`SELECT r::text AS row FROM "${name}" r ORDER BY 1`)
      found[name] = rows.map(({ row }) => row)
    }
    return found
  })
}

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

t.test('the file is its owner’s alone, and replaces none without a yes', async (t) => {
  const { url } = await testDatabase(t, { demo: true })
  const folder = folderOf(t)
  const file = join(folder, 'a.backup.gz')
  writeFileSync(file, 'precious')
  chmodSync(file, 0o644)
  t.match(await backup(url, '--out', file), { code: 1, err: /exists\. Give --yes to replace it\.$/m })
  t.match(await runCommand(backupCommand, ['--out', file], { databaseUrl: url, answer: false }), { code: 1 })
  t.equal(readFileSync(file, 'utf8'), 'precious')
  t.match(await backup(url, '--out', file, '--yes'), { code: 0 })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.match(await backup(url, '--out', join(folder, 'none', 'a.gz')), { code: 1, err: /There is no folder/ })
  const named = await runCommand(backupCommand, [], { databaseUrl: url, env: { INIT_CWD: folder } })
  t.match(named, { code: 0, out: /rows of \d+ tables/ })
  t.strictSame(readdirSync(folder).length, 2, 'and no temporary file is left')
})

t.test('data is replaced after a yes only, and while no node runs', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const { url, db } = database
  const file = await backupTo(t, url)
  const service = await startNode(t, { database })
  await postOrder(createClient(service.url))
  await db.$disconnect()
  t.match(await restore(url, file, '--yes'), { code: 1, err: /The service is running: .*Stop all nodes/ })
  t.match(await restore(url, '--recovered', '--yes'), { code: 1, err: /The service is running/ })
  await service.close()
  const refusal = await restore(url, file)
  t.match(refusal, { code: 1, err: /holds \d+ accounts and 1 orders, the last of .*give --yes/ })
  t.match(await runCommand(restoreCommand, [file], { databaseUrl: url, answer: false }), { code: 1 })
  t.equal((await contents(url)).orders?.length, 1)
  t.match(await restore(url, file, '--yes'), { code: 0 })
  t.strictSame((await contents(url)).orders, [])
})

let damages = 0

/** A backup with another text at one place. */
function damaged(file: string, change: (text: string) => string): string {
  const path = `${file}.damaged-${damages++}`
  writeFileSync(path, gzipSync(change(gunzipSync(readFileSync(file)).toString('latin1'))))
  return path
}

t.test('a restore that fails leaves everything as it was', async (t) => {
  const { url, db } = await testDatabase(t, { demo: true })
  await db.$disconnect()
  const file = await backupTo(t, url)
  const before = await contents(url)
  const bytes = readFileSync(file)
  const cut = `${file}.cut`
  writeFileSync(cut, bytes.subarray(0, bytes.length * 0.9))
  const flipped = `${file}.flipped`
  writeFileSync(
    flipped,
    bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
  )
  for (const [path, problem] of [
    [cut, /is cut off/],
    [flipped, /damaged|cut off/],
    [damaged(file, (text) => text.replace(/(\{"table":"seats".*\n).*\n/, '$1')), /lacks rows of seats/],
    [damaged(file, (text) => text.replace('"formatVersion":1', '"formatVersion":2')), /restore it with that/],
    [damaged(file, (text) => text.replace('_initial_tables', '_other_tables')), /made by another version/],
    [join(t.testdirName, 'none'), /does not exist/],
  ] as const) {
    t.match(await restore(url, path, '--yes'), { code: 1, err: problem })
    t.strictSame(await contents(url), before)
  }
})

t.test('a backup of an earlier version gets the later migrations', async (t) => {
  const server = await testServer()
  const names = projectMigrations().map(({ name }) => name)
  const [old, current, target] = [1, 2, 3].map(() => server.urlOf(freshName(t, server)))
  if (!old || !current || !target) throw new Error('three names')
  await applyMigrations(old, { only: names.slice(0, 2) })
  await withClient(old, (client) =>
    client.query(
      `INSERT INTO theatres (name, time_zone, max_time, min_time) VALUES ('Old', 'Asia/Kolkata', 20, 5)`,
    ),
  )
  const file = await backupTo(t, old)
  await applyMigrations(current)
  t.match(await restore(current, file, '--yes'), { code: 1, err: /restore it into an empty database/ })
  t.match(await restore(target, file), { code: 0, out: /^Applied later migrations: /m })
  t.equal(await migrationState(target), 'current')
  const { db } = connected(t, target)
  t.match(await db.theatre.findMany(), [{ name: 'Old', paused: false }])
})

t.test('a backup fits another schema', async (t) => {
  const server = await testServer()
  const inSchema = (name: string, schema: string) =>
    `${server.urlOf(name)}?schema=${encodeURIComponent(schema)}`
  const [from, to] = [inSchema(freshName(t, server), 'shop 1'), inSchema(freshName(t, server), 'other')]
  await applyMigrations(from)
  const source = connected(t, from)
  await writeDemoData(source.db)
  t.match(await restore(to, await backupTo(t, from)), { code: 0, err: '' })
  t.strictSame(
    await connected(t, to).db.seat.findMany({ orderBy: { id: 'asc' } }),
    await source.db.seat.findMany({ orderBy: { id: 'asc' } }),
  )
})

t.test('every table that migrations make is backed up, but for the event log', async (t) => {
  const { url } = await testDatabase(t)
  const made = await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
    )
    await client.query('CREATE TABLE others (a int)')
    return rows.map(({ name }) => name)
  })
  const text = gunzipSync(readFileSync(await backupTo(t, url))).toString()
  const saved = [...text.matchAll(/^\{"table":"(\w+)"/gm)].map(([, name = '']) => name)
  t.strictSame([...saved, 'live_events'].sort(), made.sort(), 'and no other application’s')
})

t.test('a role that may read makes backups; only the owner restores', async (t) => {
  const { adminUrl } = await testServer()
  const { url } = await testDatabase(t, { demo: true })
  const reader = `hl_test_reader_${process.pid}`
  await withClient(url, async (client) => {
    await client.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader-of-tests'`)
    await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`)
    await client.query(`GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${reader}`)
  })
  t.teardown(() =>
    withClient(adminUrl, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`)
      await client.query(`DROP ROLE IF EXISTS ${reader}`)
    }),
  )
  const asReader = new URL(url)
  asReader.username = reader
  asReader.password = 'reader-of-tests'
  const file = await backupTo(t, asReader.href)
  t.match(await restore(asReader.href, file, '--yes'), {
    code: 1,
    err: /use the DATABASE_URL of their owner/,
  })
})

t.test('a database that does not fit together is said to be so', async (t) => {
  const { url, db } = await testDatabase(t, { demo: true })
  await db.$executeRaw`INSERT INTO live_events VALUES ('theatre:1:orders', 7, 'order.placed', now(), 0, '{}')`
  await db.$executeRaw`SELECT setval('theatres_id_seq', 1)`
  const done = await restore(url, '--check')
  t.match(done, {
    code: 1,
    err: /does not fit together/,
    out: /^NOT {2}every event belongs to a group: theatre:1:orders$/m,
  })
  t.match(done.out, /^NOT {2}new ids are above all that are used: theatres: up to 2$/m)
  await db.$disconnect()
  t.match(await restore(url, '--recovered', '--yes'), { code: 0 }, 'what follows a restore puts it right')
})

t.test('mistakes in the arguments print the usage', async (t) => {
  const { url } = await testDatabase(t)
  t.match(await restore(url), { code: 2 })
  t.match(await restore(url, 'a', '--check'), { code: 2, err: /one of FILE, --recovered and --check/ })
  t.match(await restore(url, 'a', 'b'), { code: 2, err: /Unexpected argument: b/ })
  t.match(await backup(url, 'a'), { code: 2 })
  t.notOk(existsSync('a'))
})
