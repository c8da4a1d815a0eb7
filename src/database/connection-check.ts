import { TLSSocket } from 'node:tls'
import pg from 'pg'
import { ConfigError } from '../config/reader.js'
import { prepareConnection, ReadOnlyServerError } from './connection-settings.js'
import { schemaOf } from './database-url.js'

const PROBE = { name: 'houselights_probe', text: 'SELECT 1' }
/** SQLSTATE of a prepared statement that does not exist, or exists already */
const LEFT_BEHIND = new Set(['26000', '42P05'])
const CONNECT_MS = 5000
/** a limit that no default has, so that another one shows that ours is lost */
const LIMIT_MS = 4999

/** What the service finds at its database. */
export interface ConnectionCheck {
  /** PostgreSQL's version */
  version: string
  role: string
  schema: string
  /** the connection's TLS version; null: none */
  tls: string | null
  /** prepared statements work; a pooler in transaction mode forgets them, unless it is PgBouncer from 1.21 on */
  prepares: boolean
  /** what a pooler loses of the settings that can be done without */
  lostSettings: ('isolation' | 'limits')[]
  /** rights on tables or sequences that the role lacks, as `INSERT on orders` */
  missingRights: string[]
}

const READ_SETTINGS = `
SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS "dateStyle", current_schema() AS schema,
  current_setting('transaction_isolation') AS isolation,
  current_setting('statement_timeout') AS "statementTimeout"`

interface Settings {
  zone: string
  dateStyle: string
  schema: string | null
  isolation: string
  statementTimeout: string
}

/** Other applications' tables in the same schema don't count: ours have one owner. */
const READ_SERVER = `
SELECT current_setting('server_version') AS version, current_user AS role,
  ARRAY(SELECT r.name || ' on ' || c.relname
    FROM pg_class c JOIN pg_class own ON own.relowner = c.relowner AND own.relnamespace = c.relnamespace
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE']) AS r(name)
    WHERE own.relname = '_prisma_migrations' AND c.relnamespace = n.oid AND c.oid <> own.oid
      AND NOT CASE WHEN c.relkind = 'r' THEN r.name = 'USAGE' OR has_table_privilege(c.oid, r.name)
        WHEN c.relkind = 'S' THEN r.name <> 'USAGE' OR has_sequence_privilege(c.oid, r.name) ELSE true END
    ORDER BY 1) AS "missingRights"
FROM pg_namespace n WHERE n.nspname = $1`

/**
 * Looks through the URL as two clients whose transactions interleave: a pooler in transaction mode gives a client another
 * connection for each transaction, and what was prepared or set is left behind on the first. Null when the database does
 * not answer: that shows elsewhere.
 * @throws {ConfigError} when a pooler loses a setting without which the service would read wrong times or other tables
 * @throws {ReadOnlyServerError}
 */
export async function checkConnection(url: string): Promise<ConnectionCheck | null> {
  const schema = schemaOf(url)
  const [first, second] = [openClient(url), openClient(url)]
  try {
    await Promise.all([first.connect(), second.connect()])
    for (const client of [first, second]) {
      await prepareConnection(client, { schema, statementTimeoutMs: LIMIT_MS })
    }
    await first.query(PROBE)
    // takes the connection that `first` has just used, if the two share connections, and holds it
    await second.query('BEGIN')
    await second.query('SELECT 1')
    const settings = (await first.query<Settings>(READ_SETTINGS)).rows[0]
    const server = (await first.query(READ_SERVER, [schema])).rows[0]
    const prepares = await stillPrepared(first, second)
    assertRight(settings, schema, server?.role)
    return { ...server, schema, tls: tlsOf(first), prepares, lostSettings: lostOf(settings) }
  } catch (error) {
    const isOurs = error instanceof pg.DatabaseError && error.code?.startsWith('42')
    if (isOurs || error instanceof ConfigError || error instanceof ReadOnlyServerError) throw error
    return null
  } finally {
    await Promise.all([first.end(), second.end()]).catch(() => {})
  }
}

async function stillPrepared(first: pg.Client, second: pg.Client): Promise<boolean> {
  try {
    await first.query(PROBE)
    await second.query(PROBE)
    return true
  } catch (error) {
    if (error instanceof pg.DatabaseError && LEFT_BEHIND.has(error.code ?? '')) return false
    throw error
  }
}

function assertRight(settings: Settings | undefined, schema: string, role: string): void {
  const wrong: string[] = []
  if (settings?.zone !== 'UTC') wrong.push(`TimeZone = 'UTC'`)
  if (!settings?.dateStyle.startsWith('ISO')) wrong.push(`DateStyle = 'ISO, MDY'`)
  if (settings?.schema !== schema) wrong.push(`search_path = ${pg.escapeIdentifier(schema)}`)
  if (wrong.length === 0) return
  const cures = wrong.map((setting) => `ALTER ROLE ${pg.escapeIdentifier(role)} SET ${setting};`)
  throw new ConfigError(
    'DATABASE_URL',
    `leads to a pooler that loses settings between transactions: connect to PostgreSQL directly, or run ${cures.join(' ')}`,
  )
}

function lostOf(settings: Settings | undefined): ConnectionCheck['lostSettings'] {
  const lost: ConnectionCheck['lostSettings'] = []
  if (settings?.isolation !== 'read committed') lost.push('isolation')
  if (settings?.statementTimeout !== `${LIMIT_MS}ms`) lost.push('limits')
  return lost
}

/** node-pg replaces its socket by a TLS one, which it doesn't offer to others. */
function tlsOf(client: pg.Client): string | null {
  const stream =
    'connection' in client && client.connection instanceof Object && 'stream' in client.connection
      ? client.connection.stream
      : null
  return stream instanceof TLSSocket ? stream.getProtocol() : null
}

function openClient(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  })
  // ends with the query that it interrupts
  client.on('error', () => {})
  return client
}
