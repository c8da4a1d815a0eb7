import t, { type Test } from 'tap'
import { GateFileError } from '../../src/gate/gate-file.js'
import { startPgBouncer } from '../helpers/pgbouncer.js'
import { connect } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { SITE_SECRET, type SiteDatabase, siteDatabase } from './django.js'
import { installTriggers, startGate } from './gate.js'
import { runGate } from './gate-process.js'
import { cookieOf, insertSession } from './session-row.js'
import { startUpstream } from './upstream.js'

const ROUTE = { path: '/ws/', guard: 'user', upstream: 'ws://127.0.0.1:1/' }

async function problems(t: Test, database: SiteDatabase, file: object): Promise<readonly string[]> {
  try {
    const gate = await startGate(t, { database, file })
    await gate.close()
    return []
  } catch (error) {
    if (error instanceof GateFileError) return error.problems
    throw error
  }
}

t.test('what only the database shows stops the start, each in one line with its place', async (t) => {
  const database = await siteDatabase(t)
  await database.query('CREATE TABLE secret (id int)')
  await database.query('CREATE TABLE person (uuid uuid, password text, is_active bool)')
  const guard = (sql: string) => ({ ...ROUTE, path: '/ws/:id/', guard: { sql } })
  const cases: [file: object, lines: RegExp[]][] = [
    [{ routes: [ROUTE] }, []],
    [{ routes: [guard('SELECT 1 FROM theatre_order WHERE id = $id AND customer_id = $user')] }, []],
    [
      { routes: [ROUTE], django: { sessionTable: 'sessions' } },
      [/^django\.sessionTable: there is no table sessions/],
    ],
    [{ routes: [ROUTE], django: { userId: 'pk' } }, [/^django\.userId: auth_user has no column pk$/]],
    [
      { routes: [ROUTE], django: { userTable: 'person' } },
      [/^django\.userTable: person has no column is_staff, is_superuser$/],
    ],
    [
      { routes: [ROUTE, guard('SELECT 1 FROM theatre_orders WHERE id = $id')] },
      [/^routes\[1\]\.guard\.sql: relation "theatre_orders" does not exist$/],
    ],
    [
      { routes: [guard('SELECT 1 FROM secret WHERE id = $id')] },
      [/^routes\[0\]\.guard\.sql: permission denied for table secret$/],
    ],
    [
      { routes: [guard('SELECT 1 FROM theatre_order WHERE id = $id FOR UPDATE')] },
      [/^routes\[0\]\.guard\.sql: /],
    ],
    [
      {
        routes: [
          guard('WITH gone AS (DELETE FROM theatre_order WHERE id = $id RETURNING 1) SELECT * FROM gone'),
        ],
      },
      [/^routes\[0\]\.guard\.sql: /],
    ],
    [
      { routes: [guard('SELECT 1 WHERE 1 = ANY ($id::int[])')] },
      [/^routes\[0\]\.guard\.sql: \$id is integer\[\]: arrays/],
    ],
    [
      { routes: [guard('SELECT 1 WHERE $id IS NULL')] },
      [/^routes\[0\]\.guard\.sql: could not determine data type/],
    ],
    [
      {
        routes: [guard('SELECT nonsense'), { ...guard('SELECT FROM FROM'), path: '/x/' }],
        django: { userId: 'pk' },
      },
      [
        /^django\.userId: /,
        /^routes\[0\]\.guard\.sql: column "nonsense"/,
        /^routes\[1\]\.guard\.sql: syntax error/,
      ],
    ],
  ]
  for (const [file, lines] of cases) {
    const found = await problems(t, database, file)
    t.equal(found.length, lines.length, `${JSON.stringify(file)}: ${found.join(' | ')}`)
    for (const [i, line] of lines.entries()) t.match(found[i], line)
  }
  t.same(
    await database.query('SELECT count(*)::int FROM theatre_order'),
    [{ count: 1 }],
    'and nothing was changed',
  )
})

t.test('a user table of another name, with another key, at serializable isolation', async (t) => {
  const database = await siteDatabase(t)
  const id = '5e6b2a90-8a0c-4a5e-9d57-0123456789ab'
  await database.query(`
    CREATE SCHEMA accounts;
    CREATE TABLE accounts."Person" (ref uuid PRIMARY KEY, password text, is_active bool, is_staff bool, is_superuser bool);
    CREATE TABLE accounts.seat (code text, owner uuid);
    INSERT INTO accounts."Person" SELECT '${id}', password, true, true, false FROM auth_user WHERE username = 'staff';
    INSERT INTO accounts.seat VALUES ('a1', '${id}');
    GRANT USAGE ON SCHEMA accounts TO houselights_gate_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA accounts TO houselights_gate_reader`)
  const name = new URL(database.url).pathname.slice(1)
  await database.query(`ALTER DATABASE ${name} SET default_transaction_isolation = serializable`)
  const { authHash, sessionData } = await import('./session-row.js')
  const [{ password } = {}] = await database.query('SELECT password FROM accounts."Person"')
  const data = sessionData({
    _auth_user_id: id,
    _auth_user_backend: 'x',
    _auth_user_hash: authHash(String(password)),
  })
  await database.query(
    `INSERT INTO django_session VALUES ('abcdefgh12345678', $1, now() + interval '1 hour')`,
    [data],
  )
  const upstream = await startUpstream(t)
  const gate = await startGate(t, {
    database,
    file: {
      django: { userTable: 'accounts.Person', userId: 'ref' },
      routes: [
        {
          path: '/ws/:code/',
          guard: { sql: 'SELECT 1 FROM accounts.seat WHERE code = $code AND owner = $user' },
          upstream,
        },
      ],
    },
  })
  const socket = await connect(`${gate.url}/ws/a1/`, { cookie: cookieOf('abcdefgh12345678') })
  await gate.logs.expect({ msg: 'WSCONNECT', user: id })
  await database.query('UPDATE accounts."Person" SET is_active = false')
  t.same(await socket.closed(), { code: 4401, reason: 'user_inactive' })
})

t.test('behind PgBouncer in transaction mode the start says so, and the gate asks each second', async (t) => {
  const database = await siteDatabase(t)
  await installTriggers(database)
  const readerUrl = await startPgBouncer(t, database.readerUrl)
  const upstream = await startUpstream(t)
  const guard = { sql: 'SELECT 1 FROM theatre_order WHERE id = $id AND customer_id = $user' }
  const gate = await startGate(t, {
    database: { readerUrl },
    file: {
      routes: [
        { ...ROUTE, upstream },
        { path: '/ws/:id/', guard, upstream },
      ],
    },
  })
  await gate.logs.expect({ watch: 'listen_unavailable', level: 40 })
  t.match(await (await fetch(`${gate.url}/readyz`)).json(), { status: 'ready', watch: 'polling' })
  const keys = [await insertSession(database), await insertSession(database, { username: 'asha' })]
  const socket = await connect(`${gate.url}/ws/`, { cookie: cookieOf(keys[0] ?? '') })
  const order = await connect(`${gate.url}/ws/1/`, { cookie: cookieOf(keys[1] ?? '') })
  await database.query('DELETE FROM django_session WHERE session_key = $1', [keys[0]])
  await database.query('UPDATE theatre_order SET customer_id = 2')
  t.same(await socket.closed(), { code: 4401, reason: 'session ended' })
  t.same(await order.closed(), { code: 4403, reason: 'forbidden' })
})

t.test('the process: started without any setting of the service, drained by SIGTERM', async (t) => {
  const database = await siteDatabase(t)
  const upstream = await startUpstream(t)
  const gate = runGate(
    t,
    {
      DJANGO_DATABASE_URL: database.readerUrl,
      DJANGO_SECRET_KEY: SITE_SECRET,
      DRAIN_SECONDS: '0',
      NODE_ENV: 'production',
      ALLOWED_HOSTS: '*',
    },
    { listen: { host: '127.0.0.1', port: 0 }, routes: [{ ...ROUTE, upstream }] },
  )
  const url = `http://127.0.0.1:${await gate.port()}`
  t.same(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' })
  const socket = await connect(`${url}/ws/`, { cookie: cookieOf(await insertSession(database)) })
  gate.child.kill('SIGTERM')
  t.equal((await socket.closed()).code, 1012)
  t.equal((await gate.ended).code, 0)
})

t.test('the process: a mistake ends it with a line for each', async (t) => {
  const good = {
    DJANGO_DATABASE_URL: 'postgresql://u:the-password@127.0.0.1:1/x',
    DJANGO_SECRET_KEY: SITE_SECRET,
  }
  const cases: [env: Record<string, string>, file: string | object, lines: RegExp[]][] = [
    [{}, {}, [/: DJANGO_DATABASE_URL is missing/]],
    [{ DJANGO_DATABASE_URL: good.DJANGO_DATABASE_URL }, {}, [/: DJANGO_SECRET_KEY is missing/]],
    [
      good,
      {
        routes: [
          { ...ROUTE, guard: 1 },
          { ...ROUTE, upstream: 1 },
        ],
      },
      [/: routes\[0\]\.guard: /, /: routes\[1\]\.upstream: /],
    ],
    [
      good,
      { routes: [ROUTE] },
      [/: DJANGO_DATABASE_URL names a database that can’t be used: .*ECONNREFUSED/],
    ],
  ]
  const runs = cases.map(([env, file]) => runGate(t, env, file).ended)
  for (const [i, { code, errors }] of (await Promise.all(runs)).entries()) {
    const lines = errors.trim().split('\n')
    const [, , wanted = []] = cases[i] ?? []
    t.equal(code, 1)
    t.equal(lines.length, wanted.length, errors)
    for (const [j, line] of wanted.entries()) t.match(lines[j], line)
    t.notMatch(errors, /the-password|nobody-may-see/)
  }
})

t.test('a start waits for a database that is slow to take a connection', async (t) => {
  const database = await siteDatabase(t)
  const url = new URL(database.readerUrl)
  const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port) })
  url.port = `${proxy.port}`
  proxy.ignoreNext()
  await startGate(t, { database: { readerUrl: url.href }, file: { routes: [ROUTE] } })
  t.equal(proxy.ignored, 1, 'one connection got no answer')
})
