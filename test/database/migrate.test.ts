import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { applyMigrations } from '../../src/database/migrate.js'
import { newDatabaseName, testServer, withClient } from '../helpers/database-template.js'
import { dataDirectory, PROJECT } from '../helpers/embedded-servers.js'

t.test('concurrent nodes apply each migration once; a later start needs no engine', async (t) => {
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

  // the database does not exist yet
  const applied = await Promise.all([1, 2, 3].map(() => applyMigrations(url, { root })))
  t.strictSame(applied.flat().sort(), ['1_first', '2_second'])

  rmSync(join(root, 'scripts'))
  t.strictSame(await applyMigrations(url, { root }), [], 'works without the engine')
  symlinkSync(join(PROJECT, 'scripts'), join(root, 'scripts'))

  write('3_third', 'CREATE TABLE third (a int)')
  t.strictSame(await applyMigrations(url, { root }), ['3_third'])
  write('4_wrong', 'CREATE TABLE first (a int)')
  await t.rejects(applyMigrations(url, { root }), {
    code: 'P3018',
    message: /relation "first" already exists/,
  })
  await t.rejects(applyMigrations(url, { root }), { code: 'P3009' })
})

t.test('an unreachable server is reported as P1001', async (t) => {
  await t.rejects(applyMigrations('postgresql://a:b@127.0.0.1:1/c'), {
    name: 'MigrationError',
    code: 'P1001',
    message: /Can't reach database server at `127.0.0.1:1`/,
  })
})

t.test('a wrong user name or password is reported as P1000 or P1010', async (t) => {
  const server = await testServer()
  t.teardown(() => server.release())
  const wrong = new URL(server.urlOf('postgres'))
  Object.assign(wrong, { username: 'nobody_here', password: 'guess' })
  await t.rejects(applyMigrations(wrong.href), { name: 'MigrationError', code: /^P10(00|10)$/ })
})
