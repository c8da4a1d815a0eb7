import t from 'tap'
import { createDatabase } from '../../src/database/client.js'
import { applyMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { withClient } from '../helpers/database-template.js'
import { PROGRAM_PATIENCE } from '../helpers/deadline.js'
import { createClient } from '../helpers/http-client.js'
import { startInstalledPostgres } from '../helpers/installed-postgres.js'
import { arrived, faultIn, seqsOf } from '../helpers/live-events.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { until } from '../helpers/until.js'
import { startPersistentCustomers } from './persistent-customers.js'

// A primary that dies and its synchronous hot standby, behind one address that moves.

const GROUP = theatreOrders(1)

t.test('a failover loses no acknowledged order, and /readyz tells the truth', async (t) => {
  const primary = await startInstalledPostgres(t)
  await applyMigrations(primary.urlOf('houselights'))
  const standby = await primary.standby()
  const target = { host: '127.0.0.1', port: primary.port }
  const address = await startTcpProxy(t, target)
  const url = primary.urlOf('houselights').replace(`:${primary.port}/`, `:${address.port}/`)
  const db = createDatabase({ url, poolSize: 2, poolTimeoutMs: 5000, statementTimeoutMs: 10_000 })
  t.teardown(() => db.$disconnect())
  await writeDemoData(db)
  const service = await startNode(t, { database: { url, db } })
  const readiness = async () => (await createClient(service.url).get('/readyz')).status
  t.equal(await readiness(), 200)
  const board = await openV1(service, await openSession(service, 'staff'))
  board.subscribe({ [GROUP]: 0 })
  const customers = await startPersistentCustomers(service.url, 8)
  await customers.more(30)

  await primary.kill()
  await until(async () => (await readiness()) === 503, 'it to be not ready: no server')
  await board.expect({ type: 'stale' })
  target.port = standby.port
  address.cut()
  address.pass()
  // it answers reads, and takes no writes
  await withClient(url, (client) => client.query('SELECT 1'))
  const before = customers.acknowledged.size
  t.equal(await readiness(), 503, 'a standby is not enough')
  t.equal(customers.acknowledged.size, before, 'and nothing is acknowledged')

  await standby.promote()
  await until(async () => (await readiness()) === 200, 'it to be ready', PROGRAM_PATIENCE)
  await board.expect({ type: 'fresh' }, { within: PROGRAM_PATIENCE })
  await customers.more(30)
  await customers.stop()

  const { keys, head, orders } = await withClient(standby.urlOf('houselights'), async (client) => {
    const { rows } = await client.query<{ key: string; id: number }>(
      'SELECT key, order_id AS id FROM idempotency_keys',
    )
    const counts = await client.query<{ head: number; orders: number }>(
      'SELECT seq AS head, (SELECT count(*)::int FROM orders) AS orders FROM live_groups WHERE name = $1',
      [GROUP],
    )
    return { keys: new Map(rows.map(({ key, id }) => [key, id])), head: 0, orders: 0, ...counts.rows[0] }
  })
  const lost = [...customers.acknowledged].filter(([key, id]) => keys.get(key) !== id)
  t.strictSame(lost, [], `${customers.acknowledged.size} acknowledged orders are there`)
  t.equal(orders, customers.acknowledged.size, 'each once')
  await arrived(board, GROUP, head, PROGRAM_PATIENCE)
  t.equal(faultIn(seqsOf(board, GROUP), 1, head), null, 'and the staff’s socket got every event, once')
})
