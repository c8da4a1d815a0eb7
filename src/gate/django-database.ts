import pg from 'pg'
import { sqlStateOf } from '../database/sql-state.js'
import type { DjangoNames } from './gate-file.js'

const CONNECT_MS = 2000
/** ms a statement may take, by the database’s own timer */
const STATEMENT_MS = 2000
/** ms after which the connection is given up: longer than the statement's own limit */
const ANSWER_MS = 4000

/**
 * Read committed: at serializable, which a site may have as its default, a read could fail. Set here and not at the
 * connection's start: PgBouncer refuses such parameters, and in transaction mode forgets what is set later.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_MS}`

export type Query = (text: string, values: unknown[]) => Promise<Record<string, unknown>[]>

/** Django's PostgreSQL, read only. */
export class DjangoDatabase {
  private readonly pool: pg.Pool

  /** @param size connections at most */
  constructor(url: string, size: number) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: size,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      application_name: 'houselights-gate',
      keepAlive: true,
    })
    // of an idle connection; it is replaced when one is needed
    this.pool.on('error', () => {})
    // of one in use, to which the pool does not listen: its query fails too
    this.pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** Runs `work` in one read-only transaction. Rejects in bounded time when the database is away. */
  async read<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    let failed: Error | undefined
    try {
      await client.query(BEGIN)
      const result = await work(async (text, values) => (await client.query(text, values)).rows)
      await client.query('COMMIT')
      return result
    } catch (error) {
      failed = error instanceof Error ? error : new Error(String(error))
      throw error
    } finally {
      if (failed && isStatementError(failed)) {
        await client.query('ROLLBACK').then(
          () => client.release(),
          (error: Error) => client.release(error),
        )
      } else client.release(failed)
    }
  }

  close(): Promise<void> {
    return this.pool.end()
  }
}

/** Did the database refuse a statement, and the connection goes on? */
function isStatementError(error: Error): boolean {
  const code = sqlStateOf(error)
  return code !== null && !/^(?:08|57P)/.test(code)
}

/** A value that does not parse as its type, or a calculation with it that fails: class 22, data exception. */
export const isDataError = (error: unknown): boolean => sqlStateOf(error)?.startsWith('22') ?? false

/** `schema.table` or `table`, quoted. */
export const quoteTable = (name: string): string => name.split('.').map(pg.escapeIdentifier).join('.')

/** What the start learns of the site's tables. */
export interface DjangoSchema {
  sessions: string
  users: string
  userId: string
  /** the type of a user's primary key, as SQL writes it */
  userIdType: string
}

/** A mistake that only the database shows: `place` is that in gate.json, or a variable. */
export class DjangoSchemaError extends Error {
  constructor(
    readonly place: string,
    problem: string,
  ) {
    super(`${place}: ${problem}`.replace(/\s+/g, ' '))
    this.name = 'DjangoSchemaError'
  }
}

const SESSION_COLUMNS = ['session_key', 'session_data', 'expire_date']
const FLAGS = ['password', 'is_active', 'is_staff', 'is_superuser']

/**
 * Checks that the tables and columns exist and may be read.
 *
 * @throws {DjangoSchemaError} at the first that can't be used
 */
export async function readSchema(database: DjangoDatabase, names: DjangoNames): Promise<DjangoSchema> {
  const sessions = quoteTable(names.sessionTable)
  const users = quoteTable(names.userTable)
  await columnsOf(database, 'django.sessionTable', names.sessionTable, SESSION_COLUMNS)
  const types = await columnsOf(database, 'django.userTable', names.userTable, FLAGS)
  const userIdType = types.get(names.userId)
  if (userIdType === undefined) {
    throw new DjangoSchemaError('django.userId', `${names.userTable} has no column ${names.userId}`)
  }
  return { sessions, users, userId: pg.escapeIdentifier(names.userId), userIdType }
}

async function columnsOf(
  database: DjangoDatabase,
  place: string,
  table: string,
  needed: readonly string[],
): Promise<Map<string, string>> {
  const rows = await database.read((query) =>
    query(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
       WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [quoteTable(table)],
    ),
  )
  if (rows.length === 0) throw new DjangoSchemaError(place, `there is no table ${table} in Django’s database`)
  const types = new Map(rows.map(({ name, type }) => [String(name), String(type)]))
  const missing = needed.filter((name) => !types.has(name))
  if (missing.length > 0) throw new DjangoSchemaError(place, `${table} has no column ${missing.join(', ')}`)
  const columns = needed.map(pg.escapeIdentifier).join(', ')
  await database
    .read((query) => query(`SELECT ${columns} FROM ${quoteTable(table)} LIMIT 0`, []))
    .catch((error: unknown) => {
      if (sqlStateOf(error) !== '42501') throw error
      throw new DjangoSchemaError(place, `the role of DJANGO_DATABASE_URL may not read ${table}`)
    })
  return types
}
