import t, { type Test } from 'tap'
import { checkConnection } from '../../src/database/connection-check.js'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { postOrder } from '../helpers/customers.js'
import { type TestDatabase, testDatabase } from '../helpers/database.js'
import { testServer, withClient } from '../helpers/database-template.js'
import { dataDirectory } from '../helpers/embedded-servers.js'
import { createClient } from '../helpers/http-client.js'
import { startPgBouncer } from '../helpers/pgbouncer.js'
import { startNode } from '../helpers/service.js'
import { openSession, signIn } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { startTransactionPooler } from '../helpers/transaction-pooler.js'
import { until, untilSame } from '../helpers/until.js'

// The service depends on no default of the server, the database or the role.

const DEFAULTS = {
  TimeZone: 'Asia/Kolkata',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  default_transaction_isolation: 'serializable',
  statement_timeout: '500ms',
  search_path: 'nowhere',
}

/** A database with the demo theatres whose new connections start with these settings. */
async function databaseWith(t: Test, settings: Record<string, string>): Promise<TestDatabase> {
  const database = await testDatabase(t, { demo: true })
  await setDefaults(database, settings)
  return database
}

async function setDefaults({ url }: TestDatabase, settings: Record<string, string>): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await withClient((await testServer()).adminUrl, async (client) => {
    for (const [setting, value] of Object.entries(settings)) {
      const literal = setting === 'search_path' ? value : client.escapeLiteral(value)
      await client.query(`ALTER DATABASE ${name} SET ${setting} = ${literal}`)
    }
  })
}

/** Twenty orders at once and a sign-in; asserts that times are what the clock says. */
async function useService(t: Test, url: string): Promise<void> {
  const orders = await Promise.all(
    Array.from({ length: 20 }, (_, i) => postOrder(createClient(url), { seat: `demo-b${(i % 10) + 1}` })),
  )
  const staff = await signIn(url, 'staff')
  const now = Date.now()
  for (const { createdAt } of orders)
    t.ok(Math.abs(now - Date.parse(createdAt)) < 120_000, `placed at ${createdAt}`)
  const { body } = await staff.get<{ expiresAt: string }>('/api/auth/session')
  const left = Date.parse(body.expiresAt) - now
  t.ok(left > 3_300_000 && left < 3_700_000, `the session ends in ${left} ms`)
  const soldOutUntil = new Date(now + 3_600_000).toISOString()
  const [item] = (await createClient(url).get<{ menu: { id: number }[] }>('/api/seats/demo-a1')).body.menu
  const sold = await staff.patch<{ menuItem: { soldOutUntil: string } }>(`/api/menu-items/${item?.id}`, {
    available: false,
    until: soldOutUntil,
  })
  t.match(sold, { status: 200, body: { menuItem: { soldOutUntil } } }, 'a time that is written is read again')
}

t.test('no default of the database changes what the service does', async (t) => {
  const database = await databaseWith(t, DEFAULTS)
  const service = await startNode(t, { database })
  t.match(await checkConnection(database.url), { lostSettings: [], missingRights: [] })
  await useService(t, service.url)
  t.same(
    await service.app.db.$queryRaw`SELECT pg_sleep(0.6)::text AS slept`,
    [{ slept: '' }],
    'a limit of its own',
  )
})

t.test('the start warns, once for each, of settings with which a crash loses orders', async (t) => {
  const database = await databaseWith(t, { synchronous_commit: 'off' })
  const { logs } = await startNode(t, { database })
  const warning = await logs.expect({ setting: 'synchronous_commit' })
  t.match(warning, { level: 40, msg: /^synchronous_commit is off: .* RESET synchronous_commit;$/ })

  const server = await acquireEmbeddedServer({ dataDirectory: dataDirectory(t) })
  t.teardown(() => server.release())
  t.match(await checkConnection(server.url), { unsafeSettings: [] }, 'none of our own server')
  await withClient(server.url, async (client) => {
    await client.query('ALTER SYSTEM SET fsync = off')
    await client.query('ALTER SYSTEM SET full_page_writes = off')
    await client.query('SELECT pg_reload_conf()')
  })
  await untilSame(t, 'both are found', async () => (await checkConnection(server.url))?.unsafeSettings, [
    'fsync',
    'full_page_writes',
  ])
})

t.test('times are right and orders are placed through PgBouncer in transaction mode', async (t) => {
  const { search_path: _, statement_timeout: __, ...defaults } = DEFAULTS
  const database = await databaseWith(t, defaults)
  const url = await startPgBouncer(t, database.url)
  const service = await startNode(t, { database: { ...database, url } })
  t.match(await service.logs.expect(({ msg = '' }) => msg.includes('not read committed')), { level: 40 })
  await useService(t, service.url)
  await whileBusy(url, async () => {
    for (let i = 0; i < 5; i++) t.match(await checkConnection(url), { lostSettings: ['isolation', 'limits'] })
  })
})

/** Keeps others' transactions going through this pooler meanwhile. */
async function whileBusy(url: string, work: () => Promise<void>): Promise<void> {
  let isOver = false
  const others = [1, 2, 3].map(() =>
    withClient(url, async (client) => {
      while (!isOver) await client.query('SELECT 1')
    }),
  )
  try {
    await work()
  } finally {
    isOver = true
    await Promise.all(others)
  }
}

t.test('a pooler that loses the time zone or the schema is refused, with the cure', async (t) => {
  for (const [settings, cure] of [
    [{ TimeZone: 'Asia/Kolkata' }, `SET TimeZone = 'UTC';`],
    [{ search_path: 'nowhere' }, 'SET search_path = "public";'],
  ] as const) {
    const { url } = await databaseWith(t, settings)
    const pooled = await startTransactionPooler(t, url)
    await t.rejects(checkConnection(pooled), {
      message: new RegExp(`^DATABASE_URL .*ALTER ROLE "\\w+" ${cure}$`),
    })
  }
})

t.test('while the server is a standby calls are 503, and it is not ready', async (t) => {
  const database = await databaseWith(t, {})
  const service = await startNode(t, { database })
  const { url } = service
  const client = createClient(url)
  const staff = await signIn(url, 'staff')
  const board = await openV1(service, await openSession(service, 'staff'))
  board.subscribe()
  await board.expect({ type: 'snapshot' })
  const name = new URL(database.url).pathname.slice(1)
  const failOver = async (value: 'on' | 'off') => {
    await setDefaults(database, { default_transaction_read_only: value })
    await withClient((await testServer()).adminUrl, (admin) =>
      admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]),
    )
  }
  await failOver('on')
  await board.expect({ type: 'stale' })
  for (const call of [
    () => client.get('/readyz'),
    () => staff.get('/api/theatres/1/orders'),
    () => staff.post('/api/theatres/1/pause', {}),
  ]) {
    t.match(await call(), { status: 503 })
  }
  await failOver('off')
  await until(async () => (await client.get('/readyz')).status === 200, 'it to be ready')
  t.match(await staff.post('/api/theatres/1/pause', {}), { status: 200 })
  await board.expect({ type: 'fresh' })
})
