import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from './generated/client.js'

export type Database = PrismaClient
/** What runs inside one transaction; every query function takes either. */
export type Transaction = Prisma.TransactionClient
export { Prisma }

export interface DatabaseOptions {
  url: string
  /** connections of this node */
  poolSize: number
  /** ms that a caller waits for a connection before it gives up; a full pool must not hang a handshake */
  poolTimeoutMs: number
  /** ms that one statement may take */
  statementTimeoutMs: number
}

/**
 * Opens the pool. Nothing is connected yet: the first query connects. Every wait has a deadline.
 * The caller closes it with `$disconnect`.
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
      // between the pool's listener for errors and the adapter's there is none, and an 'error' without one ends the
      // process: a server that shuts down may say so in the very bytes that open a connection
      onConnect: (client) => void client.on('error', () => {}),
      // the adapter takes every time for UTC, whatever offset the server writes it with
      options: '-c TimeZone=UTC',
    },
    { onPoolError: () => {}, onConnectionError: () => {} },
  )
  return new PrismaClient({
    adapter,
    transactionOptions: { maxWait: options.poolTimeoutMs, timeout: options.statementTimeoutMs },
  })
}
