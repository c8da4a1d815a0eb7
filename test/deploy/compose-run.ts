// The steps of deploy/compose.yaml in their order, with the same files, on real parts, without containers: the processes of a
// release that nobody may write to, run by the image's user. test/deploy/compose.test.ts starts this without a network.
import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import t from 'tap'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { withClient } from '../helpers/database-template.js'
import { dataDirectory } from '../helpers/embedded-servers.js'
import { startNginx } from '../helpers/nginx.js'
import { startRedis } from '../helpers/redis.js'
import { spawnService } from '../helpers/service-process.js'
import { openFolder } from './release.js'

const { RELEASE: release = '', IS_OFFLINE: isOffline } = process.env
const HOST = 'orders.example.com'
const PASSWORD = 'a password of this test'
const isRoot = process.getuid?.() === 0
/** as in deploy/Dockerfile */
const user = isRoot ? { uid: 10001, gid: 10001 } : {}
const folder = openFolder(t)
const path = (name: string) => join(folder, name)

interface Ran {
  code: number
  out: string
  err: string
}

function run(program: string, args: string[], options: object, stdin = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, out: string, err: string) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err })
    const child = execFile(program, args, { cwd: '/', encoding: 'utf8', ...options }, done)
    child.stdin?.end(stdin)
  })
}

const { PATH = '' } = process.env
const production = { PATH, NODE_ENV: 'production', HOUSELIGHTS_ENV_FILE: path('secrets/environment') }
const command = (args: string[], stdin?: string) =>
  run(process.execPath, [join(release, 'command.js'), ...args], { env: production, ...user }, stdin)
const healthcheck = (port: number) =>
  run(process.execPath, [join(release, 'healthcheck.js'), '/readyz'], { env: { PORT: `${port}` }, ...user })

const before = readdirSync(release, { recursive: true })
const redis = await startRedis(t)
const server = await acquireEmbeddedServer({ dataDirectory: dataDirectory(t) })
t.teardown(() => server.release())
const admin = new URL(server.urlOf('postgres'))
let links: string[] = []

if (isOffline === '1') {
  t.test('there is no network', async (t) => {
    const socket = connect(443, '192.0.2.1')
    const code = await new Promise((resolve) =>
      socket.once('error', (error) => resolve(Reflect.get(error, 'code'))),
    )
    t.match(code, /^ENETUNREACH|EHOSTUNREACH$/)
  })
}

t.test('setup makes secrets once, which one group may read', async (t) => {
  for (const name of ['secrets', 'database-password', 'proxy']) mkdirSync(path(name))
  const setup = (env: object) =>
    run(process.execPath, [join(release, 'deploy/compose/setup.mjs')], {
      env: { PATH, ROOT: folder, ...env },
    })
  t.match(await setup({ DOMAIN: 'https://orders.example.com' }), {
    code: 1,
    err: /^houselights: DOMAIN is .*\n$/,
  })
  t.match(await setup({ DOMAIN: 'localhost', HTTPS_PORT: '8443' }), { code: 0, err: '' })
  const first = parseEnv(readFileSync(path('secrets/environment'), 'utf8'))
  t.match(first, {
    PUBLIC_URL: 'https://localhost:8443',
    ALLOWED_HOSTS: 'localhost',
    TRUST_PROXY: '172.30.66.10',
  })
  t.match(readFileSync(path('proxy/nginx.conf'), 'utf8'), 'return 301 https://localhost:8443$request_uri;')

  t.match(await setup({ DOMAIN: HOST }), { code: 0, err: '' })
  const second = parseEnv(readFileSync(path('secrets/environment'), 'utf8'))
  t.match(second, { PUBLIC_URL: `https://${HOST}`, ALLOWED_HOSTS: HOST })
  for (const name of [
    'SECRET_KEY',
    'PAYMENT_WEBHOOK_SECRET',
    'METRICS_TOKEN',
    'DATABASE_URL',
    'VAPID_PRIVATE_KEY',
  ]) {
    t.ok((second[name]?.length ?? 0) >= 43, name)
    t.equal(second[name], first[name], name)
  }
  const { mode, gid } = statSync(path('secrets/environment'))
  t.equal(mode & 0o777, 0o640)
  if (isRoot) t.equal(gid, user.gid)
})

t.test('a role that owns its database, and the migrations', async (t) => {
  const env = {
    PATH,
    PGHOST: admin.hostname,
    PGPORT: admin.port,
    PGUSER: 'postgres',
    PGPASSWORD: decodeURIComponent(admin.password),
    PGDATABASE: 'postgres',
    POSTGRES_PASSWORD_FILE: path('database-password/password'),
  }
  // an embedded server's superuser has the name of the service's role; in the image it is postgres
  await server.dropDatabase('houselights')
  await withClient(admin.href, (client) =>
    client.query(`CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '${env.PGPASSWORD}'`),
  )
  admin.username = 'postgres'
  await withClient(admin.href, (client) => client.query('ALTER ROLE houselights RENAME TO embedded'))
  t.strictSame(await run('sh', [join(release, 'deploy/compose/create-database.sh')], { env }), {
    code: 0,
    out: '',
    err: '',
  })
  // where the parts are in this test
  const text = readFileSync(path('secrets/environment'), 'utf8')
    .replace('@postgres:5432/', `@${admin.host}/`)
    .replace('redis://redis:6379', redis.url)
    .replace(/^TRUST_PROXY=.*$/m, 'TRUST_PROXY=127.0.0.1')
  writeFileSync(path('secrets/environment'), text)

  const pending = await command(['migrate', 'status'])
  t.match(pending, {
    code: 1,
    out: '',
    err: /^houselights: database: postgresql:\/\/houselights@[^:]+:\d+\/houselights\n/,
  })
  const migrated = await command(['migrate', 'deploy'])
  t.match(migrated, { code: 0, out: /^Applied 20261129000000_initial_tables\.\n[\s\S]*has all migrations/ })
  t.match(await command(['migrate', 'deploy']), {
    code: 0,
    out: /^The database has all migrations of this version\.\n$/,
  })
  t.match(await command(['migrate', 'status']), { code: 0 })
  t.match(await command(['migrate', 'undo']), { code: 2, err: /node command\.js migrate deploy/ })
})

t.test('commands run without npm', async (t) => {
  const theatre = {
    name: 'Palace',
    timeZone: 'Asia/Kolkata',
    max_time: 30,
    min_time: 10,
    halls: [{ name: 'Screen 1', seats: ['A1'] }],
    menu: [{ name: 'Tea', price: 5000 }],
  }
  writeFileSync(path('palace.json'), JSON.stringify(theatre))
  const applied = await command(['theatre', 'apply', path('palace.json')])
  t.match(applied, { code: 0, out: /^Theatre 1 "Palace"/ })
  links = applied.out.match(new RegExp(`https://${HOST}/s/\\S+`, 'g')) ?? []
  t.equal(links.length, 1)
  const create = ['user', 'create', '--username', 'asha', '--role', 'staff', '--theatre', '1']
  t.match(await command(create, `${PASSWORD}\n`), { code: 0, out: /^Created asha / })
  t.match(await command(['user']), { code: 2, out: /node command\.js user create/ })
  const backup = await command(['backup', '--help'])
  t.match(backup, { code: 0, out: /node command\.js backup \[--out FILE\]/ })
  t.notMatch(backup.out, /\bnp[mx]\b/)
})

interface Answer {
  status: number
  body: string
  cookie: string
}

t.test('two nodes behind nginx sign in and take an order, read-only, and end at SIGTERM', async (t) => {
  const nodes = [1, 2].map(() =>
    spawnService(t, {
      program: [join(release, 'server.js')],
      folder: '/',
      env: { ...production, HOST: '127.0.0.1' },
      ...(isRoot ? { uid: user.uid } : {}),
    }),
  )
  const ports = await Promise.all(nodes.map(async (node) => (await node.listening()).port))
  for (const port of ports) t.match(await healthcheck(port), { code: 0 })
  const nginx = await startNginx(t, ports, { given: readFileSync(path('proxy/nginx.conf'), 'utf8') })

  function ask(method: string, target: string, { body, cookie }: { body?: object; cookie?: string } = {}) {
    return new Promise<Answer>((resolve, reject) => {
      const { httpsPort: port, certificate: ca } = nginx
      const headers = { host: HOST, 'content-type': 'application/json', ...(cookie ? { cookie } : {}) }
      const asked = request(
        { host: '127.0.0.1', port, ca, servername: HOST, agent: false, method, path: target, headers },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          const [set = ''] = response.headers['set-cookie'] ?? []
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: text, cookie: set.split(';')[0] ?? '' }),
          )
        },
      )
      asked.once('error', reject)
      asked.end(body && JSON.stringify(body))
    })
  }

  const seat = new URL(links[0] ?? '').pathname.slice('/s/'.length)
  t.match(await ask('GET', `/s/${seat}`), { status: 200, body: /<html/ })
  const { menu } = JSON.parse((await ask('GET', `/api/seats/${seat}`)).body)
  const order = {
    items: [{ menuItemId: menu[0].id, quantity: 2 }],
    paymentMethod: 'cash',
    phone: '9876543210',
  }
  t.match(await ask('POST', `/api/seats/${seat}/orders`, { body: order }), {
    status: 201,
    cookie: /^__Host-sessionid=/,
  })
  const login = await ask('POST', '/api/auth/login', { body: { username: 'asha', password: PASSWORD } })
  t.match(login, { status: 200, cookie: /^__Host-sessionid=/ })
  const orders = await ask('GET', '/api/theatres/1/orders', { cookie: login.cookie })
  t.match(JSON.parse(orders.body), { orders: [{ total: 10_000, status: 'confirmed' }] })

  const [first, second] = nodes
  first?.child.kill('SIGTERM')
  t.strictSame(await first?.ended(), [0, null], first?.output() ?? '')
  t.match(await healthcheck(ports[0] ?? 0), { code: 1 })
  t.match(
    await ask('GET', '/api/theatres/1/orders', { cookie: login.cookie }),
    { status: 200 },
    'the other goes on',
  )
  second?.child.kill('SIGTERM')
  t.strictSame(await second?.ended(), [0, null], second?.output() ?? '')
  t.strictSame(readdirSync(release, { recursive: true }), before, 'nothing was written to the release')
})
