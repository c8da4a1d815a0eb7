import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Tracer } from '../tracing/tracer.js'
import { prepareConnection, READ_ONLY_SQL_TRANSACTION } from './connection-settings.js'
import { schemaOf } from './database-url.js'
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
  /** asks for read committed at each of Prisma's transactions: a pooler forgets it, and the role's default differs */
  setsIsolation?: boolean
  /** records the statements of the raw client; null: none */
  tracer?: Tracer | null
  /** connections to the same server, dropped together */
  sockets?: Set<Socket>
}

/**
 * Creates a client with a connection pool. Connects at the first query. Every wait has a deadline. While the server is
 * read-only calls fail, and connections are opened anew until one leads to a writable server. The caller closes it with
 * `$disconnect`.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options)
  const statementNameGenerator = namerOf(options)
  const adapter = new PrismaPg(pool, {
    schema: schemaOf(options.url),
    onPoolError: () => {},
    onConnectionError: () => {},
    statementNameGenerator,
  })
  const timeout = options.statementTimeoutMs
  const db = new PrismaClient({
    adapter,
    transactionOptions: {
      maxWait: options.poolTimeoutMs,
      timeout,
      ...(options.setsIsolation ? { isolationLevel: 'ReadCommitted' } : {}),
    },
  })
  rawOf.set(db, new RawClient(pool, statementNameGenerator, timeout, options.tracer))
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
  return new RawClient(pool, namerOf(options), options.statementTimeoutMs, options.tracer)
}

function openPool(options: DatabaseOptions): pg.Pool {
  const { url, poolSize, poolTimeoutMs, statementTimeoutMs, sockets = new Set<Socket>() } = options
  const schema = schemaOf(url)
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: poolTimeoutMs,
    query_timeout: statementTimeoutMs + 1000,
    keepAlive: true,
    application_name: 'houselights',
    // for BEGIN and the first statements of a raw transaction
    pipeline: true,
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
  // of idle connections that the server ends. Prisma's adapter listens only from its first query to its disconnection, and
  // without a listener the process would end
  pool.on('error', () => {})
  return pool
}

/** Listens to the errors that the server sends, whoever waits for them: node-pg has no event of its own for it. */
function onServerError(client: pg.ClientBase, listener: (code: string) => void): void {
  if (!('connection' in client) || !(client.connection instanceof EventEmitter)) return
  client.connection.on('errorMessage', (error: { code?: string }) => listener(error.code ?? ''))
}

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
