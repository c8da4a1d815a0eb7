import fp from 'fastify-plugin'
import { withAdvisoryLock } from '../src/database/advisory-lock.js'
import {
  createDatabase,
  createRawClient,
  type Database,
  type RawClient,
  rawClientOf,
} from '../src/database/client.js'
import { canPrepareStatements } from '../src/database/prepared-statements.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    /** SQL of our own on the connections of `db`, without Prisma */
    rawDb: RawClient
    /** for handshakes and the live engine: requests that exhaust the pool of `db` delay no revocation */
    liveDb: RawClient
    /** Runs `work` on one node at a time; null at once where another node does. */
    alone<T>(name: string, work: () => Promise<T>): Promise<T | null>
  }
}

const POOL_SIZE = 10
const LIVE_POOL_SIZE = 6
/**
 * ms a call waits for a connection. Longer than for a handshake: in the interval of a show everybody orders at once, and
 * those refused after two seconds would all retry together
 */
const POOL_TIMEOUT_MS = 5000
/** ms; then a handshake is refused with 503 */
const LIVE_POOL_TIMEOUT_MS = 2000
const STATEMENT_TIMEOUT_MS = 5000

const NO_PREPARED_STATEMENTS =
  'DATABASE_URL leads to a pooler that forgets prepared statements: each call costs more CPU. PgBouncer keeps them from 1.21 on, with max_prepared_statements above 0.'

/** The pools of this node. `url` is DATABASE_URL, or the embedded server's. */
export const databasePlugin = fp<{ url: string }>(
  async (app, { url }) => {
    const prepares = await canPrepareStatements(url)
    if (!prepares) app.log.warn(NO_PREPARED_STATEMENTS)
    const shared = { url, statementTimeoutMs: STATEMENT_TIMEOUT_MS, prepares }
    const db = createDatabase({ ...shared, poolSize: POOL_SIZE, poolTimeoutMs: POOL_TIMEOUT_MS })
    app.addHook('onClose', () => db.$disconnect())
    app.decorate('db', db)
    app.decorate('rawDb', rawClientOf(db))
    app.decorate('alone', (name, work) => withAdvisoryLock(url, name, work))
    const liveDb = createRawClient({
      ...shared,
      poolSize: LIVE_POOL_SIZE,
      poolTimeoutMs: LIVE_POOL_TIMEOUT_MS,
    })
    app.addHook('onClose', () => liveDb.close())
    app.decorate('liveDb', liveDb)
  },
  { name: 'database', fastify: '5.x' },
)
