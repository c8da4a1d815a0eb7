import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from './generated/client.js'
import { type Queryable, RawClient } from './raw-client.js'
import { statementNames } from './statement-names.js'

export { type Queryable, RawClient }
export type Database = PrismaClient
/** A client inside a transaction. */
export type Transaction = Prisma.TransactionClient
export { Prisma }

export interface DatabaseOptions {
  url: string
  /** connections of this node */
  poolSize: number
  /** ms that a caller waits for a connection, so that an exhausted pool can't hang a handshake */
  poolTimeoutMs: number
  /** ms that one statement may take */
  statementTimeoutMs: number
  /** prepares each statement once for a connection; false: the URL leads to a pooler that forgets them */
  prepares?: boolean
}

/**
 * Creates a client with a connection pool. Connects at the first query. Every wait has a deadline. The caller closes it
 * with `$disconnect`.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options)
  const statementNameGenerator = namerOf(options)
  const adapter = new PrismaPg(pool, {
    onPoolError: () => {},
    onConnectionError: () => {},
    statementNameGenerator,
  })
  const timeout = options.statementTimeoutMs
  const db = new PrismaClient({ adapter, transactionOptions: { maxWait: options.poolTimeoutMs, timeout } })
  rawOf.set(db, new RawClient(pool, statementNameGenerator, timeout))
  const disconnect = db.$disconnect.bind(db)
  return Object.assign(db, {
    $disconnect: async () => {
      await disconnect()
      if (!pool.ending) await pool.end()
    },
  })
}

/** Creates a client without Prisma, for SQL of our own alone; otherwise as `createDatabase`. The caller closes it. */
export function createRawClient(options: DatabaseOptions): RawClient {
  const pool = openPool(options)
  pool.on('error', () => {})
  return new RawClient(pool, namerOf(options), options.statementTimeoutMs)
}

const openPool = ({ url, poolSize, poolTimeoutMs, statementTimeoutMs }: DatabaseOptions) =>
  new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: poolTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: statementTimeoutMs + 1000,
    keepAlive: true,
    application_name: 'houselights',
    // for a moment between the pool's 'error' listener and the adapter's there is none, and then an error would end the
    // process: a server that is shutting down may send one as soon as a connection is open
    onConnect: (client) => void client.on('error', () => {}),
    // the adapter reads every time as UTC, whatever its offset
    options: '-c TimeZone=UTC',
    // for BEGIN and the first statements of a raw transaction
    pipeline: true,
  })

const namerOf = ({ prepares }: DatabaseOptions) => (prepares === false ? () => '' : statementNames())

const rawOf = new WeakMap<Database, RawClient>()

/**
 * The raw client on the connections of a client's pool, for SQL of our own. It does not need Prisma's query compiler, which is
 * loaded when Prisma is first asked.
 */
export function rawClientOf(db: Database): RawClient {
  const raw = rawOf.get(db)
  if (!raw) throw new Error('not a client of createDatabase')
  return raw
}
