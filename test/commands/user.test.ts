import { join } from 'node:path'
import t from 'tap'
import { userCommand } from '../../src/commands/user-command.js'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { testDatabase } from '../helpers/database.js'
import { withClient } from '../helpers/database-template.js'
import { dataDirectory } from '../helpers/embedded-servers.js'
import type { HttpClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { type Finished, runCommand, spawnCommand } from './run-command.js'

const database = await testDatabase(t, { demo: true })
const { db } = database
const { url } = await startService(t, { database, env: { RATE_LIMITS: 'off' } })

const user = (args: string[], stdin?: string): Promise<Finished> =>
  runCommand(userCommand, args, { databaseUrl: database.url, ...(stdin === undefined ? {} : { stdin }) })

const status = async (client: HttpClient) => (await client.get('/api/auth/session')).status

t.test('create reads the password, and the account can sign in', async (t) => {
  const created = await user(
    ['create', '--username', 'anna', '--role', 'staff', '--theatre', '1', '--theatre', '2'],
    'a-good-password',
  )
  t.match(created, {
    code: 0,
    err: '',
    out: /^Created anna \(user \d+\): staff of theatre 1 \(Grand Cinema\), 2 \(Riverside\)\.\n$/,
  })
  t.match(
    (await (await signIn(url, 'anna', { password: 'a-good-password' })).get('/api/auth/session')).body,
    {
      user: { role: 'staff', theatres: [{ id: 1 }, { id: 2 }] },
    },
  )
  t.match(await user(['create', '--username', 'root', '--role', 'admin'], 'a-good-password'), { code: 0 })
})

t.test('create makes managers', async (t) => {
  const given = ['create', '--username', 'mona', '--role', 'staff', '--manages', '2', '--theatre', '1']
  t.match(await user(given, 'a-good-password'), {
    code: 0,
    out: /^Created mona \(user \d+\): staff of theatre 1 \(Grand Cinema\), 2 \(Riverside, manager\)\.\n$/,
  })
  t.match(
    (await (await signIn(url, 'mona', { password: 'a-good-password' })).get('/api/auth/session')).body,
    {
      user: {
        theatres: [
          { id: 1, manager: false },
          { id: 2, manager: true },
        ],
      },
    },
  )
})

t.test('create on a new embedded database loads the demo theatres first, as a start does', async (t) => {
  const folder = dataDirectory(t)
  const args = ['create', '--username', 'first', '--role', 'staff', '--theatre', '1']
  const created = await spawnCommand('user', args, { databaseUrl: null, folder, stdin: 'a-good-password\n' })
  t.match(created, { code: 0, err: '', out: 'of theatre 1 (Grand Cinema).' })
  const server = await acquireEmbeddedServer({ dataDirectory: join(folder, '.data') })
  t.teardown(() => server.release())
  const names = await withClient(
    server.url,
    async (client) => (await client.query('SELECT username FROM users ORDER BY 1')).rows,
  )
  t.same(names, [
    { username: 'admin' },
    { username: 'first' },
    { username: 'manager' },
    { username: 'staff' },
    { username: 'staff2' },
  ])
})

t.test('create reports each error in one line, never with the password', async (t) => {
  const create = (...more: string[]) => ['create', '--username', 'berta', ...more]
  const cases: [string[], string | undefined, number, RegExp][] = [
    [create('--role', 'staff', '--theatre', '1'), 'trustno1', 1, /most common/],
    [create('--role', 'staff', '--theatre', '99'), 'a-good-password', 1, /no theatre 99/],
    [
      ['create', '--username', 'STAFF', '--role', 'admin'],
      'a-good-password',
      1,
      /already an account with this name/,
    ],
    [create('--role', 'staff'), 'a-good-password', 2, /--theatre ID/],
    [create('--role', 'staff', '--theatre', 'one'), 'a-good-password', 2, /"one"/],
    [create('--role', 'admin'), undefined, 2, /no password given/],
    [['create', '--role', 'admin'], 'a-good-password', 2, /--username/],
    [create('--role', 'admin', '--password', 'x'), 'a-good-password', 2, /--password/],
  ]
  const refusals = await Promise.all(cases.map(([args, stdin]) => user(args, stdin)))
  for (const [index, [args, stdin, code, line]] of cases.entries()) {
    const refused = refusals[index]
    if (!refused) continue
    t.match(refused, { code, out: '', err: line }, args.join(' '))
    if (stdin) t.notOk(refused.err.includes(stdin))
    if (code === 1) t.equal(refused.err.trim().split('\n').length, 1)
  }
  t.equal(await db.user.findUnique({ where: { username: 'berta' } }), null)
})

t.test('disable ends all sessions, in the running service too; enable allows signing in again', async (t) => {
  const client = await signIn(url, 'staff2')
  t.match(await user(['disable', '--username', 'Staff2']), {
    code: 0,
    out: 'staff2 is disabled, and all its sessions have ended.\n',
  })
  t.equal(await status(client), 401)
  await t.rejects(signIn(url, 'staff2'), /401/)
  t.match(await db.accessChange.findMany(), [{ kind: 'session_ended' }, { kind: 'user_changed' }])
  t.match(await user(['enable', '--username', 'staff2']), { code: 0 })
  await signIn(url, 'staff2')
})

t.test('set-password changes the password and ends all sessions', async (t) => {
  const client = await signIn(url, 'admin')
  t.match(await user(['set-password', '--username', 'admin'], 'another-password'), { code: 0 })
  t.equal(await status(client), 401)
  await signIn(url, 'admin', { password: 'another-password' })
  t.match(await user(['set-password', '--username', 'admin'], 'trustno1'), { code: 1, err: /most common/ })
  t.match(await user(['set-password', '--username', 'nobody'], 'another-password'), {
    code: 1,
    err: 'There is no such user.\n',
  })
})

t.test('sessions lists a user’s sessions; revoke ends one or all', async (t) => {
  const clients = [await signIn(url, 'staff'), await signIn(url, 'staff'), await signIn(url, 'staff')]
  const listed = await user(['sessions', '--username', 'staff'])
  t.match(listed, { code: 0, out: /3 live sessions/ })
  const ids = listed.out.match(/^[0-9a-f-]{36}/gm) ?? []
  t.equal(ids.length, 3)
  t.match(await user(['revoke', '--session', ids[0] ?? '']), { code: 0, out: `Ended session ${ids[0]}.\n` })
  t.same((await Promise.all(clients.map(status))).sort(), [200, 200, 401])
  t.match(await user(['revoke', '--session', ids[0] ?? '']), { code: 1, err: 'There is no such session.\n' })
  t.match(await user(['revoke', '--session', 'x']), { code: 1, err: 'There is no such session.\n' })
  t.match(await user(['revoke', '--username', 'staff']), { code: 0, out: 'Ended 2 sessions of staff.\n' })
  t.same(await Promise.all(clients.map(status)), [401, 401, 401])
  t.match(await user(['sessions', '--username', 'staff']), { out: /^0 live sessions/ })
})

t.test('prints the usage, and wrong arguments give exit code 2', async (t) => {
  t.match(await user(['--help']), { code: 0, out: /npm run user -- create/, err: '' })
  t.match(await user([]), { code: 2, out: /npm run user -- create/ })
  const wrong = [['dance'], ['toString'], ['disable', 'staff', '--username', 'staff'], ['revoke']]
  for (const refused of await Promise.all(wrong.map((args) => user(args)))) {
    t.match(refused, { code: 2, out: '', err: /npm run user -- create/ })
  }
})

t.test('an invalid setting and a missing database are reported in one line', async (t) => {
  const run = (databaseUrl: string, env = {}) => runCommand(userCommand, ['list'], { databaseUrl, env })
  t.match(await run(database.url, { PORT: 'x' }), { code: 1, err: /^PORT is "x": [^\n]+\n$/ })
  const nowhere = new URL(database.url)
  nowhere.port = '1'
  t.match(await run(nowhere.href), { code: 1, err: /^The command failed: [^\n]+\n$/ })
  const empty = new URL(database.url)
  empty.pathname = '/postgres'
  t.match(await run(empty.href), {
    code: 1,
    err: 'The database has no tables yet: run "npx prisma migrate deploy" first.\n',
  })
  t.match(await run(database.url), { code: 0, out: /^admin \(user 3\): admin/ })
})

t.test(
  'runs as a process: reads the password from the first line of stdin and sets the exit code',
  async (t) => {
    const spawn = (args: string[], stdin: string) =>
      spawnCommand('user', args, { databaseUrl: database.url, stdin })
    const create = ['create', '--username', 'zoe', '--role', 'admin']
    t.match(await spawn(create, 'a-good-password\r\nmore\n'), {
      code: 0,
      err: '',
      out: /^Created zoe \(user \d+\): admin/,
    })
    await signIn(url, 'zoe', { password: 'a-good-password' })
    t.match(await spawn(create, 'a-good-password\n'), {
      code: 1,
      out: '',
      err: /^There is already an account/,
    })
    t.match(await spawn(create, ''), { code: 2, out: '', err: /^No password on stdin/ })
  },
)
