import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { prepareConnection, READ_ONLY_SQL_TRANSACTION } from './connection-settings.js'
import { schemaOf } from './database-url.js'
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
  /** asks for read committed at each transaction: a pooler forgets it, and the role's default is another level */
  setsIsolation?: boolean
  /** connections to the same server, dropped together */
  sockets?: Set<Socket>
}

/**
 * Creates a client with a connection pool. Connects at the first query. Every wait has a deadline. While the server is
 * read-only calls fail, and connections are opened anew until one leads to a writable server. The caller closes it with
 * `$disconnect`.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const schema = schemaOf(options.url)
  const adapter = new PrismaPg(openPool(options, schema), {
    schema,
    disposeExternalPool: true,
    onPoolError: () => {},
    onConnectionError: () => {},
    ...(options.prepares === false ? {} : { statementNameGenerator: statementNames() }),
  })
  return new PrismaClient({
    adapter,
    transactionOptions: {
      maxWait: options.poolTimeoutMs,
      timeout: options.statementTimeoutMs,
      ...(options.setsIsolation ? { isolationLevel: 'ReadCommitted' } : {}),
    },
  })
}

function openPool(options: DatabaseOptions, schema: string): pg.Pool {
  const { url, poolSize, poolTimeoutMs, statementTimeoutMs, sockets = new Set<Socket>() } = options
  return new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: poolTimeoutMs,
    query_timeout: statementTimeoutMs + 1000,
    keepAlive: true,
    application_name: 'houselights',
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
    onConnect: async (client) => {
      // for a moment between the pool's 'error' listener and the adapter's there is none, and then an error would end the
      // process: a server that is shutting down may send one as soon as a connection is open
      client.on('error', () => {})
      await prepareConnection(client, { schema, statementTimeoutMs })
      onServerError(client, (code) => {
        // the server was demoted, so none of its connections is of use; the next ones are checked
        if (code === READ_ONLY_SQL_TRANSACTION) for (const socket of sockets) socket.destroy()
      })
    },
  })
}

/** Listens to the errors that the server sends, whoever waits for them: node-pg has no event of its own for it. */
function onServerError(client: pg.ClientBase, listener: (code: string) => void): void {
  if (!('connection' in client) || !(client.connection instanceof EventEmitter)) return
  client.connection.on('errorMessage', (error: { code?: string }) => listener(error.code ?? ''))
}
