import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { runSchemaEngine } from '../../src/database/schema-engine-process.js'
import { withClient } from '../helpers/database-template.js'
import { PROJECT, postmasterPid } from '../helpers/embedded-servers.js'
import { until } from '../helpers/until.js'
import { PrismaProject, type Run } from './prisma-project.js'

const project = new PrismaProject(t)
const dataDirectory = project.path('.data')
t.teardown(() => {
  const pid = postmasterPid(dataDirectory)
  if (pid !== undefined) process.kill(pid, 'SIGQUIT')
})

const outputOf = ({ stdout, stderr }: Run) => `${stdout}\n${stderr}`
const migrationNames = () =>
  readdirSync(project.path('prisma/migrations')).filter((name) => !name.includes('.'))
const list = async (url: string, sql: string) =>
  withClient(url, async (client) => (await client.query({ text: sql, rowMode: 'array' })).rows.flat())

t.test('commands that need no database start none', async (t) => {
  const commands = ['validate', 'format --check', 'generate']
  const runs = await Promise.all(commands.map((command) => project.prisma(command)))
  for (const run of runs) t.equal(run.code, 0, { output: outputOf(run) })
  t.ok(existsSync(project.path('src/database/generated/client.ts')))
  t.notOk(existsSync(dataDirectory))
})

t.test(
  'on a fresh clone a Prisma from elsewhere installs the packages and runs the project’s own',
  async (t) => {
    const clone = new PrismaProject(t, { installed: false })
    clone.write('scripts/prepare.mjs', 'process.exit(7)')
    t.match(await clone.prisma('validate'), { code: 7 }, 'stops if the install fails')
    const modules = JSON.stringify(join(PROJECT, 'node_modules'))
    clone.write(
      'scripts/prepare.mjs',
      `import { symlinkSync } from 'node:fs'
    console.log('prepares', ...process.argv.slice(2))
    symlinkSync(${modules}, 'node_modules')`,
    )
    const url = 'postgresql://a:b@127.0.0.1:1/c'
    const run = await clone.prisma('migrate status', { DATABASE_URL: url })
    t.equal(run.code, 1, 'the command’s own exit code')
    t.match(run.stdout, /^prepares --packages\n.*127\.0\.0\.1:1/s)
    t.match(outputOf(run), 'P1001')
    t.equal(outputOf(run).match(/Loaded Prisma config/g)?.length, 1, 'it ran once')
    const next = await clone.prisma('validate')
    t.match(next, { code: 0, stdout: /is valid/ })
    t.notMatch(next.stdout, /prepares/)
    t.equal(clone.networkAttempts(), '')
  },
)

t.test('migrate dev creates and applies a migration, and leaves no shadow database', async (t) => {
  const run = await project.prisma('migrate dev --name init')
  t.match(outputOf(run), /have been created and applied from new schema changes/)
  t.equal(run.code, 0)
  t.equal(migrationNames().length, 1)
  const server = await acquireEmbeddedServer({ dataDirectory })
  const databases = await list(
    server.url,
    'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1',
  )
  t.strictSame(databases, ['houselights', 'postgres'])
  await server.release()
  const again = await project.prisma('migrate dev')
  t.match(outputOf(again), /Already in sync/, 'the database matches the schema')
})

t.test('a server started by a command stops when the command ends', async (t) => {
  await until(() => postmasterPid(dataDirectory) === undefined, 'the end of the server')
  t.pass()
})

t.test('with the embedded database', async (t) => {
  const server = await acquireEmbeddedServer({ dataDirectory })
  t.teardown(() => server.release())

  await t.test('a function with semicolons is applied as one statement', async (t) => {
    const name = '20200101000000_function'
    rmSync(project.path('prisma/migrations'), { recursive: true })
    await server.dropDatabase('houselights')
    const sql =
      'CREATE FUNCTION next(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN n := n + 1; RETURN n; END; $$;'
    project.write(`prisma/migrations/${name}/migration.sql`, sql)
    project.write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')

    const created = await project.prisma('migrate dev --name things')
    t.equal(created.code, 0, { output: outputOf(created) })
    t.strictSame(await list(server.url, 'SELECT next(41)'), [42])
    t.match(outputOf(await project.prisma('migrate status')), /Database schema is up to date/)
  })

  await t.test('diff prints a script and sets its exit code', async (t) => {
    const same = await project.prisma(
      'migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code',
    )
    t.equal(same.code, 0, { output: outputOf(same) })
    const schema = readFileSync(project.path('prisma/schema.prisma'), 'utf8')
    project.write('prisma/next.prisma', schema.replace('  color Color\n', '  color Color\n  size Int?\n'))
    const other = await project.prisma(
      'migrate diff --from-config-datasource --to-schema prisma/next.prisma --script --exit-code',
    )
    t.equal(other.code, 2, { output: outputOf(other) })
    t.match(other.stdout, 'ALTER TABLE "Thing" ADD COLUMN     "size" INTEGER;')
  })

  await t.test('deploy applies pending migrations and reports PostgreSQL’s error', async (t) => {
    const name = '20990101000000_more'
    project.write(
      `prisma/migrations/${name}/migration.sql`,
      'CREATE TABLE more (a int);\n\nSELECT a FROM mroe;',
    )
    t.match(await project.prisma('migrate status'), {
      code: 1,
      stdout: /not yet been applied:\s+20990101000000_more/,
    })
    const failed = await project.prisma('migrate deploy')
    t.equal(failed.code, 1)
    t.match(
      outputOf(failed),
      /P3018.*Migration name: 20990101000000_more.*42P01.*"mroe" does not exist.*Line: 3/s,
    )
    t.strictSame(
      await list(server.url, "SELECT to_regclass('more')"),
      [null],
      'a migration is one transaction',
    )

    t.equal((await project.prisma(`migrate resolve --rolled-back ${name}`)).code, 0)
    project.write(`prisma/migrations/${name}/migration.sql`, 'CREATE TABLE more (a int, kind "char");')
    t.match(await project.prisma('migrate deploy'), { code: 0, stdout: /20990101000000_more/ })
  })

  await t.test('reset empties the database and migrates it again', async (t) => {
    await list(server.url, 'INSERT INTO more VALUES (1)')
    const run = await project.prisma('migrate reset --force')
    if (/AI agent|invoked by/.test(outputOf(run))) {
      t.pass('Prisma does not let an agent reset a database')
      return
    }
    t.equal(run.code, 0, { output: outputOf(run) })
    t.strictSame(await list(server.url, 'SELECT count(*)::int FROM more'), [0])
  })

  await t.test('the engine’s reset empties the database', async (t) => {
    const url = await server.createDatabase('emptied')
    await list(url, 'CREATE TABLE leftover (a int)')
    await runSchemaEngine(project.path('scripts/schema-engine.mjs'), url, (call) =>
      call('reset', { filter: { externalTables: [], externalEnums: [] } }),
    )
    t.strictSame(await list(url, "SELECT to_regclass('leftover')"), [null])
  })

  await t.test('db push and db execute', async (t) => {
    const env = { DATABASE_URL: server.urlOf('pushed') }
    t.equal((await project.prisma('db push', env)).code, 0)
    const sql = "INSERT INTO \"Thing\" (name, color) VALUES ('a; b', 'red');"
    t.equal((await project.prisma('db execute --stdin', env, sql)).code, 0)
    t.strictSame(await list(env.DATABASE_URL, 'SELECT name FROM "Thing"'), ['a; b'])
  })

  await t.test('with DATABASE_URL its database is created and its schema used', async (t) => {
    const url = `${server.urlOf('elsewhere')}?schema=Its%20own`
    const run = await project.prisma('migrate deploy', { DATABASE_URL: url })
    t.match(run, { code: 0, stdout: /PostgreSQL database elsewhere created/ }, { output: outputOf(run) })
    const tables = "SELECT schemaname FROM pg_tables WHERE tablename = 'Thing'"
    t.strictSame(await list(url, tables), ['Its own'])
    const wrong = server.url.replace(/:[\w-]{32}@/, ':guess@')
    const [refused, absent] = await Promise.all([
      project.prisma('migrate status', { DATABASE_URL: wrong }),
      project.prisma('migrate deploy', { DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/c' }),
    ])
    t.match(outputOf(refused), 'P1000')
    t.match(outputOf(absent), /P1001.*127\.0\.0\.1:1/s)
  })
})

t.test('no process tried to leave this machine, and nothing was downloaded', async (t) => {
  t.equal(project.networkAttempts(), '')
  const engines = join(project.directory, 'node_modules', '@prisma', 'engines')
  t.strictSame(
    readdirSync(engines).filter((name) => name.startsWith('schema-engine')),
    [],
  )
})
