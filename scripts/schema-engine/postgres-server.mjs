// @ts-check
// The PostgreSQL server of a datasource URL: connecting to it, creating and dropping its databases.
import pg from 'pg'

/**
 * @typedef {{ host: string, port: number, user: string | undefined, password: string | undefined,
 *   database: string, ssl: boolean | import('node:tls').ConnectionOptions, schema: string | undefined }} Target
 */

/**
 * Parses the URL, since a connection string would override a pool's `database`.
 * @returns {Target}
 */
export function parseUrl(/** @type {string} */ url) {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw Object.assign(new Error('the datasource URL must start with postgresql:// or postgres://'), {
      code: 'P1013',
    })
  }
  const parsed = /** @type {pg.Client & { ssl: boolean }} */ (new pg.Client({ connectionString: url }))
  const { host, port, user, password, ssl } = parsed
  const schema = new URL(url).searchParams.get('schema') || undefined
  return {
    host,
    port,
    user,
    password: password ?? undefined,
    database: parsed.database ?? 'postgres',
    ssl,
    schema,
  }
}

/** @returns {pg.PoolConfig} */
export function poolConfig(/** @type {Target} */ { schema: _, ...target }) {
  return {
    ...target,
    // the advisory lock, search_path and a script's transaction belong to one database session, so the pool has one
    // connection and never closes it while idle
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 15_000,
  }
}

/**
 * By statement, as poolers drop the `options` of a connection. A role's own time limits are those of its application.
 */
const SET_UP = `
SELECT set_config('search_path', quote_ident($1), false), set_config('statement_timeout', '0', false),
  set_config('lock_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
  set_config('default_transaction_isolation', 'read committed', false), set_config('DateStyle', 'ISO, MDY', false),
  set_config('TimeZone', 'UTC', false), set_config('standard_conforming_strings', 'on', false),
  EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS "hasSchema"`

/**
 * Selects the schema, and creates it when it is missing, as the native engine does at each connection.
 * @param {pg.ClientBase} client
 * @param {string} schema
 */
export async function setUp(client, schema) {
  const { rows } = await client.query(SET_UP, [schema])
  if (!rows[0].hasSchema) await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}`)
}

/** Empties a shadow database that the user has named, as the native engine does. */
export async function empty(/** @type {pg.Client} */ client) {
  const { rows } = await client.query(
    "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'",
  )
  for (const { nspname } of rows) {
    await client.query(`DROP SCHEMA ${client.escapeIdentifier(nspname)} CASCADE`)
  }
  await client.query('CREATE SCHEMA IF NOT EXISTS public')
}

/** With FORCE: connections of a pool that has just ended may not be closed yet. */
export async function drop(/** @type {pg.Client} */ client, /** @type {string} */ database) {
  await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(database)} WITH (FORCE)`)
}

/** `cli can-connect-to-database`. */
export async function canConnect(/** @type {string} */ url) {
  await withClient(parseUrl(url), (client) => client.query('SELECT 1'))
}

/** `cli create-database`: connects to the maintenance database, since the new one does not exist yet. */
export async function createDatabase(/** @type {string} */ url) {
  const target = parseUrl(url)
  await withMaintenance(target, (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(target.database)}`),
  )
  return target.database
}

/** `cli drop-database`. */
export async function dropDatabase(/** @type {string} */ url) {
  const target = parseUrl(url)
  await withMaintenance(target, (client) => drop(client, target.database))
}

async function withMaintenance(
  /** @type {Target} */ target,
  /** @type {(c: pg.Client) => Promise<unknown>} */ work,
) {
  const { schema: _, ...server } = target
  try {
    await withClient({ ...server, database: 'postgres', schema: undefined }, work)
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== '3D000') throw error
    await withClient({ ...server, database: 'template1', schema: undefined }, work)
  }
}

export async function withClient(
  /** @type {Target} */ target,
  /** @type {(c: pg.Client) => Promise<unknown>} */ work,
) {
  const client = new pg.Client(poolConfig(target))
  // without a listener an idle connection's error would crash the process
  client.on('error', () => {})
  try {
    await client.connect()
    await work(client)
  } catch (error) {
    throw Object.assign(error instanceof Error ? error : new Error(String(error)), { target })
  } finally {
    await client.end().catch(() => {})
  }
}
