import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from './generated/client.js'
import { statementNames } from './statement-names.js'

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
  const adapter = new PrismaPg(
    {
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
    },
    {
      onPoolError: () => {},
      onConnectionError: () => {},
      ...(options.prepares === false ? {} : { statementNameGenerator: statementNames() }),
    },
  )
  return new PrismaClient({
    adapter,
    transactionOptions: { maxWait: options.poolTimeoutMs, timeout: options.statementTimeoutMs },
  })
}
