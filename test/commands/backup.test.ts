import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { backupCommand } from '../../src/commands/backup-command.js'
import { restoreCommand } from '../../src/commands/restore-command.js'
import { applyMigrations, migrationState, projectMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { postOrder } from '../helpers/customers.js'
import { testDatabase } from '../helpers/database.js'
import { testServer, withClient } from '../helpers/database-template.js'
import { createClient } from '../helpers/http-client.js'
import { startNode } from '../helpers/service.js'
import { backup, backupTo, connected, contents, folderOf, freshName, restore } from './backups.js'
import { runCommand } from './run-command.js'

// What a backup holds, and what a restore replaces.

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
