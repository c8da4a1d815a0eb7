import { randomUUID } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import pg, { type QueryConfig } from 'pg'
import { prepareConnection, ReadOnlyServerError } from './connection-settings.js'
import { schemaOf } from './database-url.js'
import { DatabaseUrlError } from './database-url-error.js'

/** SQLSTATE of a prepared statement that does not exist, or exists already */
const LEFT_BEHIND = new Set(['26000', '42P05'])
const CONNECT_MS = 5000
/** tries to give `second` the connection that `first` has just used, where others use the pooler too */
const ROUNDS = 20

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
  /** settings that are off, without which a crash loses or damages what was committed */
  unsafeSettings: UnsafeSetting[]
}

export type UnsafeSetting = 'fsync' | 'full_page_writes' | 'synchronous_commit'

/** `defaults` are those of new connections, which no client has set */
const READ_SETTINGS = `
SELECT current_setting('TimeZone') AS "TimeZone", current_setting('DateStyle') AS "DateStyle",
  current_setting('houselights.client', true) AS client, pg_backend_pid() AS pid,
  (SELECT json_object_agg(name, reset_val) FROM pg_settings WHERE name IN ('TimeZone', 'DateStyle', 'search_path',
    'default_transaction_isolation', 'statement_timeout')) AS defaults`

interface Settings {
  TimeZone: string
  DateStyle: string
  /** the mark of the client that used this connection last */
  client: string | null
  pid: number
  defaults: Record<string, string>
}

const DEFAULT_SCHEMA = `SELECT current_schema() AS schema FROM set_config('search_path', $1, true)`

/** Other applications' tables in the same schema don't count: ours have one owner. */
const READ_SERVER = `
SELECT current_setting('server_version') AS version, current_user AS role,
  ARRAY(SELECT r.name || ' on ' || c.relname
    FROM pg_class c JOIN pg_class own ON own.relowner = c.relowner AND own.relnamespace = c.relnamespace
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE']) AS r(name)
    WHERE own.relname = '_prisma_migrations' AND c.relnamespace = n.oid AND c.oid <> own.oid
      AND NOT CASE WHEN c.relkind = 'r' THEN r.name = 'USAGE' OR has_table_privilege(c.oid, r.name)
        WHEN c.relkind = 'S' THEN r.name <> 'USAGE' OR has_sequence_privilege(c.oid, r.name) ELSE true END
    ORDER BY 1) AS "missingRights",
  ARRAY(SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
    ORDER BY 1) AS "unsafeSettings"
FROM pg_namespace n WHERE n.nspname = $1`

/**
 * Looks through the URL as two clients whose transactions interleave: a pooler in transaction mode gives a client another
 * connection for each transaction, and what was prepared or set is left behind on the first. Null when the database does
 * not answer: that shows elsewhere.
 * @throws {DatabaseUrlError} when a pooler loses a setting without which the service would read wrong times or other tables
 * @throws {ReadOnlyServerError}
 */
export async function checkConnection(url: string): Promise<ConnectionCheck | null> {
  const schema = schemaOf(url)
  const [first, second] = [openClient(url), openClient(url)]
  try {
    await Promise.all([first.connect(), second.connect()])
    await prepareConnection(first, { schema, statementTimeoutMs: CONNECT_MS })
    const { probe, own, others, isShared } = await interleave(first, second)
    const server = (await first.query(READ_SERVER, [schema])).rows[0]
    const prepares = await stillPrepared(first, second, probe)
    const check = { ...server, schema, tls: tlsOf(first), prepares, lostSettings: [] }
    if (!isShared || !own || !others) return check
    const { schema: defaultSchema } = (await first.query(DEFAULT_SCHEMA, [own.defaults.search_path])).rows[0]
    assertRight(own, others, { schema, defaultSchema, role: server?.role })
    return { ...check, lostSettings: lostOf(own) }
  } catch (error) {
    const isOurs = error instanceof pg.DatabaseError && error.code?.startsWith('42')
    if (isOurs || error instanceof DatabaseUrlError || error instanceof ReadOnlyServerError) throw error
    return null
  } finally {
    await Promise.all([first.end(), second.end()]).catch(() => {})
  }
}

/** A prepared statement that marks its connection. The name is new: a pooler's connections have those of earlier checks. */
function createProbe() {
  const mark = randomUUID()
  const text = `SELECT set_config('houselights.client', '${mark}', false)`
  return { mark, query: { name: `houselights_probe_${mark}`, text } }
}

interface Interleaved {
  /** the statement that `first` has prepared and run */
  probe: QueryConfig
  own: Settings | undefined
  others: Settings | undefined
  /** the clients share connections */
  isShared: boolean
}

/** Leaves `second` in a transaction: on the connection that `first` has just used, if the two share connections. */
async function interleave(first: pg.Client, second: pg.Client): Promise<Interleaved> {
  for (let round = 1; ; round++) {
    const { mark, query } = createProbe()
    await first.query(query)
    await second.query('BEGIN')
    const others = (await second.query<Settings>(READ_SETTINGS)).rows[0]
    const own = (await first.query<Settings>(READ_SETTINGS)).rows[0]
    const isTaken = others?.client === mark
    // a pooler has its own ids for its clients
    const isPooled = own?.pid !== Reflect.get(first, 'processID')
    if (isTaken || !isPooled || round === ROUNDS)
      return { probe: query, own, others, isShared: isTaken || own?.client !== mark }
    await second.query('COMMIT')
  }
}

async function stillPrepared(first: pg.Client, second: pg.Client, probe: QueryConfig): Promise<boolean> {
  try {
    await first.query(probe)
    await second.query(probe)
    return true
  } catch (error) {
    if (error instanceof pg.DatabaseError && LEFT_BEHIND.has(error.code ?? '')) return false
    throw error
  }
}

const WANTED = {
  TimeZone: { isRight: (value = '') => value === 'UTC', cure: `TimeZone = 'UTC'` },
  DateStyle: { isRight: (value = '') => value.startsWith('ISO'), cure: `DateStyle = 'ISO, MDY'` },
}

/** PgBouncer carries the time zone and the date style from connection to connection, for each client its own. */
function assertRight(
  own: Settings,
  others: Settings,
  { schema, defaultSchema, role }: { schema: string; defaultSchema: string | null; role: string },
): void {
  const cures = (['TimeZone', 'DateStyle'] as const).flatMap((name) => {
    const { isRight, cure } = WANTED[name]
    const isCarried = isRight(own[name]) && !isRight(others[name])
    return isRight(own.defaults[name]) || isCarried ? [] : cure
  })
  if (defaultSchema !== schema) cures.push(`search_path = ${pg.escapeIdentifier(schema)}`)
  if (cures.length === 0) return
  const statements = cures.map((cure) => `ALTER ROLE ${pg.escapeIdentifier(role)} SET ${cure};`)
  throw new DatabaseUrlError(
    `leads to a pooler that loses settings between transactions: connect to PostgreSQL directly, or run ${statements.join(' ')}`,
  )
}

function lostOf({ defaults }: Settings): ConnectionCheck['lostSettings'] {
  const lost: ConnectionCheck['lostSettings'] = []
  if (defaults.default_transaction_isolation !== 'read committed') lost.push('isolation')
  if (defaults.statement_timeout === '0') lost.push('limits')
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
