import t from 'tap'
import { findProblems } from '../../src/backup/recovery.js'
import { createDatabase } from '../../src/database/client.js'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { applyMigrations } from '../../src/database/migrate.js'
import { writeDemoData } from '../../src/demo-data.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { withClient } from '../helpers/database-template.js'
import { PROGRAM_PATIENCE } from '../helpers/deadline.js'
import { dataDirectory, postmasterPid } from '../helpers/embedded-servers.js'
import { killServer } from '../helpers/installed-postgres.js'
import { arrived, faultIn, seqsOf } from '../helpers/live-events.js'
import { Random } from '../helpers/random.js'
import { startNode } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { openV1 } from '../helpers/socket-client.js'
import { startPersistentCustomers } from './persistent-customers.js'

// kill -9 of PostgreSQL in the middle of a burst of orders, again and again. All of the drill:
// POSTGRES_KILLS=200 npm test -- test/faults/killed-postgres.test.ts

const KILLS = Number(process.env.POSTGRES_KILLS ?? 4)
const SEED = Number(process.env.SEED ?? 20)
const CUSTOMERS = 8
const GROUP = theatreOrders(1)
/** orders acknowledged between two kills, at most */
const BURST = 40

t.setTimeout(900_000 + KILLS * 15_000)

t.test(`no acknowledged order is lost when PostgreSQL is killed ${KILLS} times`, async (t) => {
  const directory = dataDirectory(t)
  const server = await acquireEmbeddedServer({ dataDirectory: directory })
  t.teardown(() => server.release())
  const { url } = server
  await applyMigrations(url)
  const db = createDatabase({ url, poolSize: 2, poolTimeoutMs: 5000, statementTimeoutMs: 10_000 })
  t.teardown(() => db.$disconnect())
  await writeDemoData(db)
  const service = await startNode(t, { database: { url, db } })
  const board = await openV1(service, await openSession(service, 'staff'))
  board.subscribe({ [GROUP]: 0 })

  const random = new Random(SEED)
  const customers = await startPersistentCustomers(service.url, CUSTOMERS)
  for (let kill = 0; kill < KILLS; kill += 1) {
    await customers.more(1 + random.below(BURST))
    const pid = postmasterPid(directory)
    if (pid === undefined) throw new Error('PostgreSQL does not run')
    await killServer(pid)
    await server.revive()
  }
  await customers.more(BURST)
  await customers.stop()

  const stored = await withClient(url, async (client) => {
    const { rows } = await client.query<{ key: string; id: number }>(
      'SELECT key, order_id AS id FROM idempotency_keys',
    )
    const { rows: counts } = await client.query<{ orders: number; head: number }>(
      'SELECT (SELECT count(*)::int FROM orders) AS orders, seq AS head FROM live_groups WHERE name = $1',
      [GROUP],
    )
    return { keys: new Map(rows.map(({ key, id }) => [key, id])), ...counts[0] }
  })
  const lost = [...customers.acknowledged].filter(([key, id]) => stored.keys.get(key) !== id)
  t.strictSame(lost, [], `${customers.acknowledged.size} acknowledged orders are there`)
  t.equal(stored.orders, customers.acknowledged.size, 'each once, however often it was repeated')
  const broken = (await findProblems(url)).filter(({ problems }) => problems.length > 0)
  t.strictSame(broken, [], 'the log has no gaps, and no id will be used twice')
  const head = stored.head ?? 0
  await arrived(board, GROUP, head, PROGRAM_PATIENCE)
  t.equal(faultIn(seqsOf(board, GROUP), 1, head), null, 'and the staff’s socket got every event, once')
  t.comment(`answers while it was away: ${JSON.stringify([...customers.failures])}`)
})
