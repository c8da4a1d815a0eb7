import pg from 'pg'
import { settleDatabaseUrl, tlsProblem } from './database-url.js'
import { DatabaseUrlError } from './database-url-error.js'

/** rows that are read at a time */
const BATCH = 500
const CONNECT_MS = 10_000
const STATEMENT_MS = 60_000

/**
 * Reads a query's rows from another database, a batch at a time, in one read-only snapshot. Closes the connection when the
 * loop ends. `sslmode` and the like mean what they mean in DATABASE_URL.
 * @param source the option that holds the URL
 * @throws {DatabaseUrlError} when TLS fails
 */
export async function* readForeignRows(
  url: string,
  query: string,
  source: string,
): AsyncGenerator<Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: await settleDatabaseUrl(url, source),
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    application_name: 'houselights import',
  })
  // a lost connection fails the query under way, not the process
  client.on('error', () => {})
  await client.connect().catch((error: unknown) => {
    const problem = tlsProblem(error)
    throw problem === null ? error : new DatabaseUrlError(problem, source)
  })
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    await client.query(`DECLARE found NO SCROLL CURSOR FOR ${query}`)
    for (;;) {
      const { rows } = await client.query<Record<string, unknown>>(`FETCH ${BATCH} FROM found`)
      if (rows.length === 0) return
      yield rows
    }
  } finally {
    await client.end().catch(() => {})
  }
}

/** A table's name, perhaps with its schema's before a dot, as SQL; null if it can't be one. */
export function quoteTable(name: string): string | null {
  const parts = name.split('.')
  const isName = (part: string) => /^[\p{L}_][\p{L}\p{N}_$]{0,62}$/u.test(part)
  if (parts.length > 2 || !parts.every(isName)) return null
  return parts.map((part) => pg.escapeIdentifier(part)).join('.')
}
