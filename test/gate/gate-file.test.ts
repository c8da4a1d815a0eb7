import t from 'tap'
import { GateFileError, readGateFile } from '../../src/gate/gate-file.js'
import { parseGuard } from '../../src/gate/sql-guard.js'
import { parseUpstream } from '../../src/gate/upstream-template.js'

const ROUTE = { path: '/ws/orders/', guard: 'staff', upstream: 'ws://127.0.0.1:8001/ws/orders/' }
const KEY = 'a key that no error may quote'

function problems(file: unknown): readonly string[] {
  try {
    readGateFile(typeof file === 'string' ? file : JSON.stringify(file), { KEY })
    return []
  } catch (error) {
    if (error instanceof GateFileError) return error.problems
    throw error
  }
}

t.test('each mistake is one line that begins with its place', async (t) => {
  const cases: [what: unknown, lines: RegExp[]][] = [
    ['{"routes": [', [/^gate\.json: is not JSON/]],
    [[], [/^gate\.json: must be an object$/, /^routes: must be a list/]],
    [{}, [/^routes: must be a list of at least one route$/]],
    [{ routes: [] }, [/^routes: must be a list/]],
    [{ routes: [ROUTE], rutes: 1 }, [/^rutes: is not known: allowed are listen, django, routes$/]],
    [{ routes: [{ ...ROUTE, guards: 1 }] }, [/^routes\[0\]\.guards: is not known/]],
    [{ routes: [{ ...ROUTE, guard: 'admin' }] }, [/^routes\[0\]\.guard: must be "user", "staff"/]],
    [{ routes: [{ ...ROUTE, guard: {} }] }, [/^routes\[0\]\.guard\.sql: must be the text/]],
    [
      { routes: [ROUTE, { ...ROUTE, path: '/x/', guard: { sql: 'DELETE FROM t' } }] },
      [/^routes\[1\]\.guard\.sql: must be one SELECT$/],
    ],
    [
      { routes: [{ ...ROUTE, guard: { sql: 'SELECT $oder' } }] },
      [/^routes\[0\]\.guard\.sql: contains \$oder.*: \$user, \$session$/],
    ],
    [{ routes: [{ ...ROUTE, path: 'ws' }] }, [/^routes\[0\]\.path: must be a path/]],
    [{ routes: [{ ...ROUTE, path: '/ws/*' }] }, [/^routes\[0\]\.path: must be a path/]],
    [{ routes: [{ ...ROUTE, path: '/ws/:id/:id/' }] }, [/^routes\[0\]\.path: names a parameter twice$/]],
    [{ routes: [{ ...ROUTE, path: '/ws/:user/' }] }, [/^routes\[0\]\.path: must not name a parameter user/]],
    [{ routes: [{ ...ROUTE, path: '/healthz' }] }, [/^routes\[0\]\.path: is a path of the gate itself$/]],
    [
      { routes: [ROUTE, { ...ROUTE, path: '/ws/orders' }] },
      [/^routes\[1\]\.path: is the same as that of routes\[0\]$/],
    ],
    [
      { routes: [{ ...ROUTE, upstream: 'http://x/' }] },
      [/^routes\[0\]\.upstream: must be ws:\/\/… or wss:\/\/…/],
    ],
    [
      { routes: [{ ...ROUTE, upstream: `ws://x/?key=\${NO_SUCH}` }] },
      [/^routes\[0\]\.upstream: \$\{NO_SUCH\} is not set/],
    ],
    [
      { routes: [{ ...ROUTE, upstream: `ws://x/:id/?key=\${KEY}` }] },
      [/^routes\[0\]\.upstream: :id is no parameter/],
    ],
    [{ routes: [ROUTE], listen: { port: 70_000 } }, [/^listen\.port: must be an integer/]],
    [{ routes: [ROUTE], listen: { host: 'a b', port: 1 } }, [/^listen\.host: must be an IP address/]],
    [
      { routes: [ROUTE], django: { sessionEngine: 'signed_cookies' } },
      [/^django\.sessionEngine: is "signed_cookies"/],
    ],
    [
      { routes: [ROUTE], django: { userTable: 'a;b', userId: 7 } },
      [/^django\.userTable: must be/, /^django\.userId: must be/],
    ],
  ]
  for (const [file, lines] of cases) {
    const found = problems(file)
    t.equal(found.length, lines.length, `${JSON.stringify(file)}: ${found.join(' | ')}`)
    for (const [i, line] of lines.entries()) t.match(found[i], line)
    t.notMatch(found.join(), KEY)
  }
})

t.test('all mistakes are named at once', async (t) => {
  const found = problems({
    routes: [
      { path: 1, guard: 2, upstream: 3 },
      { ...ROUTE, guard: 2 },
    ],
    listen: 4,
  })
  t.strictSame(
    found.map((line) => line.split(':')[0]),
    ['listen', 'listen.port', 'routes[0].path', 'routes[1].guard'],
  )
})

t.test('what may be left out is Django’s own', async (t) => {
  const file = readGateFile(JSON.stringify({ routes: [ROUTE] }), {})
  t.equal(file.listen, null)
  t.strictSame(file.django, { userTable: 'auth_user', userId: 'id', sessionTable: 'django_session' })
  const named = {
    userTable: 'accounts.person',
    userId: 'uuid',
    sessionEngine: 'django.contrib.sessions.backends.cached_db',
  }
  const { django } = readGateFile(JSON.stringify({ routes: [ROUTE], django: named }), {})
  t.strictSame(django, { userTable: 'accounts.person', userId: 'uuid', sessionTable: 'django_session' })
})

t.test('an upstream takes keys and parameters percent-encoded, parameters in the path alone', async (t) => {
  const env = { KEY: 'a+b&c=%/ü', HOST_NAME: 'daphne.internal' }
  const upstream = parseUpstream(
    `ws://\${HOST_NAME}:81/ws/:id/x-:name?key=\${KEY}&t=:id`,
    ['id', 'name'],
    env,
  )
  t.match(upstream, { protocol: 'ws:', host: 'daphne.internal', port: 81 })
  t.equal(
    upstream.target({ id: '7 &?#', name: 'ü' }),
    '/ws/7%20%26%3F%23/x-%C3%BC?key=a%2Bb%26c%3D%25%2F%C3%BC&t=:id',
  )
  t.match(parseUpstream('wss://site.example', [], {}), { protocol: 'wss:', port: 443 })
  t.equal(parseUpstream('ws://[::1]:8001/ws/', [], {}).host, '::1')
  for (const text of ['ws:///ws/', 'ws://a@b/', 'ws://a/#b', 'ws://a/ b', 'ftp://a/'])
    t.throws(() => parseUpstream(text, [], {}), text)
})

t.test('the parameters of a guard are found where SQL would find them', async (t) => {
  const render = (sql: string) => parseGuard(sql, ['user', 'id']).render((name) => `<${name}>`)
  t.equal(
    render('SELECT 1 FROM o WHERE id = $id AND u=$user;'),
    'SELECT 1 FROM o WHERE id = <id> AND u=<user>',
  )
  t.equal(
    render(`SELECT '$id''$id', "$id", E'\\'$id' /* $id */ -- $id\n, $id::int`),
    `SELECT '$id''$id', "$id", E'\\'$id' /* $id */ -- $id\n, <id>::int`,
  )
  t.equal(render('SELECT a$id, $user FROM a'), 'SELECT a$id, <user> FROM a', 'a name may hold a $')
  t.strictSame(parseGuard('SELECT $id, $user, $id', ['user', 'id']).parameters, ['id', 'user'])
  for (const sql of [
    '',
    'TABLE o',
    'SELECT 1; SELECT 2',
    'SELECT $1',
    'SELECT $$x$$',
    'SELECT $a$x$a$',
    'SELECT $other',
  ])
    t.throws(() => parseGuard(sql, ['user', 'id']), sql)
})
