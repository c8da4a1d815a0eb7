import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { applyMigrations } from '../../src/database/migrate.js'
import { newDatabaseName, testServer, withClient } from '../helpers/template.js'
import { dataDirectory, PROJECT } from './servers.js'

t.test(
  'nodes that start at once apply each migration once; then one query finds nothing to do',
  async (t) => {
    const server = await testServer()
    const url = server.urlOf(newDatabaseName())
    t.teardown(async () => {
      const name = new URL(url).pathname.slice(1)
      await withClient(server.adminUrl, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      )
      await server.release()
    })
    const root = dataDirectory(t)
    symlinkSync(join(PROJECT, 'scripts'), join(root, 'scripts'))
    const write = (name: string, sql: string) => {
      mkdirSync(join(root, 'prisma', 'migrations', name), { recursive: true })
      writeFileSync(join(root, 'prisma', 'migrations', name, 'migration.sql'), sql)
    }
    write('1_first', 'CREATE TABLE first (a int); SELECT pg_sleep(0.3);')
    write('2_second', 'CREATE TABLE second (a int);')
    writeFileSync(join(root, 'prisma', 'migrations', 'migration_lock.toml'), 'provider = "postgresql"\n')

    // The database itself does not exist yet: each of the nodes finds that, too.
    const applied = await Promise.all([1, 2, 3].map(() => applyMigrations(url, { root })))
    t.strictSame(applied.flat().sort(), ['1_first', '2_second'])

    const before = performance.now()
    t.strictSame(await applyMigrations(url, { root }), [])
    t.ok(performance.now() - before < 500, 'without the engine')

    write('3_third', 'CREATE TABLE third (a int)')
    t.strictSame(await applyMigrations(url, { root }), ['3_third'])
    write('4_wrong', 'CREATE TABLE first (a int)')
    await t.rejects(applyMigrations(url, { root }), {
      code: 'P3018',
      message: /relation "first" already exists/,
    })
    await t.rejects(applyMigrations(url, { root }), { code: 'P3009' })
  },
)

t.test('a server that is not there is said to be so', async (t) => {
  await t.rejects(applyMigrations('postgresql://a:b@127.0.0.1:1/c'), {
    name: 'MigrationError',
    code: 'P1001',
    message: /Can't reach database server at `127.0.0.1:1`/,
  })
})

t.test('a server that does not let one in is said to, by password or by name', async (t) => {
  const server = await testServer()
  t.teardown(() => server.release())
  const wrong = new URL(server.urlOf('postgres'))
  Object.assign(wrong, { username: 'nobody_here', password: 'guess' })
  await t.rejects(applyMigrations(wrong.href), { name: 'MigrationError', code: /^P10(00|10)$/ })
})
