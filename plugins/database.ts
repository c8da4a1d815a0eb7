import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { withAdvisoryLock } from '../src/database/advisory-lock.js'
import {
  createDatabase,
  createRawClient,
  type Database,
  type RawClient,
  rawClientOf,
} from '../src/database/client.js'
import {
  type ConnectionCheck,
  checkConnection,
  type UnsafeSetting,
} from '../src/database/connection-check.js'
import { firstCall } from '../src/database/first-connection.js'
import { channelPrefix } from '../src/live/bus/channel-prefix.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
    /** SQL of our own on the connections of `db`, without Prisma */
    rawDb: RawClient
    /** for handshakes and the live engine: requests that exhaust the pool of `db` delay no revocation */
    liveDb: RawClient
    /** names this database in the channels and keys of what its nodes share */
    channelPrefix: string
    /** Runs `work` on one node at a time; null at once where another node does. */
    withClusterLock<T>(name: string, work: () => Promise<T>): Promise<T | null>
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
const LOST_LIMITS =
  "DATABASE_URL leads to a pooler that loses time limits between transactions: ALTER ROLE … SET statement_timeout = '5s'; ALTER ROLE … SET idle_in_transaction_session_timeout = '10s';"
const LOST_ISOLATION =
  "DATABASE_URL leads to a pooler that loses settings between transactions, and its role’s transactions are not read committed, so that some fail: ALTER ROLE … SET default_transaction_isolation = 'read committed';"
const MISSING_RIGHTS =
  'DATABASE_URL’s role lacks rights: as the tables’ owner, GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO …; GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA … TO …;'

const UNSAFE: Record<UnsafeSetting, string> = {
  fsync:
    'PostgreSQL’s fsync is off: a power failure or a crash of the machine can destroy the database. Set fsync = on in postgresql.conf and reload it.',
  full_page_writes:
    'PostgreSQL’s full_page_writes is off: a power failure can leave pages half written. Set full_page_writes = on in postgresql.conf and reload it.',
  synchronous_commit:
    'synchronous_commit is off: a crash of PostgreSQL loses orders that customers were told are placed. Set synchronous_commit = on in postgresql.conf and reload it, or, where a role or database has it off, ALTER ROLE … RESET synchronous_commit; ALTER DATABASE … RESET synchronous_commit;',
}

/** The pools of this node. `url` is DATABASE_URL, or the embedded server's. */
export const databasePlugin = fp<{ url: string }>(
  async (app, { url }) => {
    const check = await checkConnection(url)
    if (check !== null) logCheck(app.log, check)
    const shared = {
      url,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      sockets: new Set<Socket>(),
      tracer: app.tracer,
      prepares: check?.prepares ?? true,
      setsIsolation: check?.lostSettings.includes('isolation') ?? false,
    }
    const db = createDatabase({ ...shared, poolSize: POOL_SIZE, poolTimeoutMs: POOL_TIMEOUT_MS })
    app.addHook('onClose', () => db.$disconnect())
    app.decorate('db', db)
    app.decorate('rawDb', rawClientOf(db))
    app.decorate('withClusterLock', (name, work) => withAdvisoryLock(url, name, work))
    const liveDb = createRawClient({
      ...shared,
      poolSize: LIVE_POOL_SIZE,
      poolTimeoutMs: LIVE_POOL_TIMEOUT_MS,
    })
    app.addHook('onClose', () => liveDb.close())
    app.decorate('liveDb', liveDb)
    app.decorate('channelPrefix', await firstCall(() => channelPrefix(liveDb)))
  },
  { name: 'database', fastify: '5.x', dependencies: ['tracing'] },
)

function logCheck(log: FastifyBaseLogger, check: ConnectionCheck): void {
  const { version, role, schema, tls, prepares, lostSettings, missingRights, unsafeSettings } = check
  log.info({ version, role, schema, tls: tls ?? 'off' }, 'database')
  if (!prepares) log.warn(NO_PREPARED_STATEMENTS)
  if (lostSettings.includes('limits')) log.warn(LOST_LIMITS)
  if (lostSettings.includes('isolation')) log.warn(LOST_ISOLATION)
  for (const setting of unsafeSettings) log.warn({ setting }, UNSAFE[setting])
  if (missingRights.length > 0) log.error({ missing: missingRights.slice(0, 10) }, MISSING_RIGHTS)
}
