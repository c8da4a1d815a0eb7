import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from './generated/client.js'
import { type Queryable, type RawOptions, runRaw, type StatementNamer } from './raw-transaction.js'
import { statementNames } from './statement-names.js'

export type { Queryable }
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
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.poolTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: options.statementTimeoutMs + 1000,
    keepAlive: true,
    application_name: 'houselights',
    // for a moment between the pool's 'error' listener and the adapter's there is none, and then an error would end the
    // process: a server that is shutting down may send one as soon as a connection is open
    onConnect: (client) => void client.on('error', () => {}),
    // the adapter reads every time as UTC, whatever its offset
    options: '-c TimeZone=UTC',
    pipeline: true,
  })
  const statementNameGenerator = options.prepares === false ? () => '' : statementNames()
  const adapter = new PrismaPg(pool, {
    onPoolError: () => {},
    onConnectionError: () => {},
    disposeExternalPool: true,
    statementNameGenerator,
  })
  const timeoutMs = options.statementTimeoutMs
  const db = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: options.poolTimeoutMs, timeout: timeoutMs },
  })
  rawOf.set(db, { pool, name: statementNameGenerator, timeoutMs })
  return db
}

/** What a client's raw transactions use; `connected`: Prisma closes the pool only if it has connected */
interface Raw {
  pool: pg.Pool
  name: StatementNamer
  timeoutMs: number
  connected?: Promise<void>
}

const rawOf = new WeakMap<Database, Raw>()

/**
 * Runs `work` in a transaction on a connection of the client's pool, for work that sends SQL of its own alone: Prisma would
 * take most of its CPU. See `runRaw`.
 */
export async function rawTransaction<T>(
  db: Database,
  work: (tx: Queryable) => Promise<T>,
  options: Partial<RawOptions> = {},
): Promise<T> {
  const raw = rawOf.get(db)
  if (!raw) throw new Error('not a client of createDatabase')
  raw.connected ??= db.$connect()
  await raw.connected
  return await runRaw(raw.pool, raw.name, work, { timeoutMs: raw.timeoutMs, ...options })
}
