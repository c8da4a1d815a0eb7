// @ts-check
// @prisma/adapter-pg as the schema engine needs it. The stock adapter serves queries of an application; a
// migration asks for more: one session that keeps its locks and settings, scripts in one piece, the
// catalogue's own types, and a shadow database that is gone afterwards.
import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'

/** PostgreSQL's internal one-byte "char" type, which the catalogue uses and the adapter does not know. */
const INTERNAL_CHAR = 18
const TEXT = 25

/**
 * @typedef {{ host: string, port: number, user: string | undefined, password: string | undefined,
 *   database: string, ssl: boolean | import('node:tls').ConnectionOptions, schema: string | undefined }} Target
 */

/**
 * Host, port and so on apart: given a connection string, a pool's own `database` would be overruled by it.
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
  const schema = new URL(url).searchParams.get('schema') ?? undefined
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
function poolConfig(/** @type {Target} */ { schema, ...target }) {
  return {
    ...target,
    // The advisory lock, search_path and a script's transaction belong to a session: there is only one, and
    // it is never retired while idle.
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 15_000,
    ...(schema === undefined ? {} : { options: `-c search_path=${schema.replace(/[\\ ]/g, '\\$&')}` }),
  }
}

/** @returns {Promise<import('@prisma/driver-adapter-utils').SqlDriverAdapter>} */
async function connect(/** @type {Target} */ target, onDispose = async () => {}) {
  const pool = new pg.Pool(poolConfig(target))
  const adapter = await new PrismaPg(pool, { schema: target.schema ?? 'public' }).connect()
  const startTransaction = adapter.startTransaction.bind(adapter)
  return Object.assign(readInternalChar(adapter), {
    startTransaction: async (/** @type {import('@prisma/driver-adapter-utils').IsolationLevel} */ level) =>
      readInternalChar(await startTransaction(level)),
    // In one piece, by the simple protocol: the stock one splits at every semicolon, those in the bodies of
    // functions included. A script without a BEGIN of its own is one transaction, as with the native engine.
    executeScript: async (/** @type {string} */ script) => {
      await pool.query(script).catch((error) => rethrow(adapter, error))
    },
    dispose: async () => {
      await pool.end()
      await onDispose()
    },
  })
}

/**
 * @template T
 * @param {T} queryable
 * @returns {T}
 */
function readInternalChar(queryable) {
  const inner = /** @type {{ performIO(query: unknown): Promise<pg.QueryArrayResult> }} */ (queryable)
  const performIO = inner.performIO.bind(inner)
  inner.performIO = async (query) => {
    const result = await performIO(query)
    for (const field of result.fields ?? []) {
      if (field.dataTypeID === INTERNAL_CHAR) field.dataTypeID = TEXT
    }
    return result
  }
  return queryable
}

/** The adapter's own translation of driver errors. */
function rethrow(/** @type {unknown} */ adapter, /** @type {unknown} */ error) {
  const inner = /** @type {{ onError(error: unknown): never }} */ (adapter)
  return inner.onError(error)
}

/**
 * @param {{ url: string, shadowDatabaseUrl?: string }} datasource
 * @returns {import('@prisma/driver-adapter-utils').SqlMigrationAwareDriverAdapterFactory}
 */
export function adapterFactory({ url, shadowDatabaseUrl }) {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(parseUrl(url)),
    connectToShadowDb: async () => {
      if (shadowDatabaseUrl !== undefined) {
        const target = parseUrl(shadowDatabaseUrl)
        await withClient(target, empty)
        return connect(target)
      }
      const main = parseUrl(url)
      const database = `prisma_migrate_shadow_db_${randomUUID()}`
      await withClient(main, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`))
      return connect({ ...main, database }, () => withClient(main, (client) => drop(client, database)))
    },
  }
}

/** A shadow database that the user names is emptied first, as the native engine does. */
async function empty(/** @type {pg.Client} */ client) {
  const { rows } = await client.query(
    "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'",
  )
  for (const { nspname } of rows)
    await client.query(`DROP SCHEMA ${client.escapeIdentifier(nspname)} CASCADE`)
  await client.query('CREATE SCHEMA IF NOT EXISTS public')
}

/** By force: a session of a pool that has just ended may still be on its way out. */
async function drop(/** @type {pg.Client} */ client, /** @type {string} */ database) {
  await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(database)} WITH (FORCE)`)
}

/** `cli can-connect-to-database`. */
export async function canConnect(/** @type {string} */ url) {
  await withClient(parseUrl(url), (client) => client.query('SELECT 1'))
}

/** `cli create-database`: from the maintenance database, since the wanted one does not exist. */
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

async function withClient(
  /** @type {Target} */ target,
  /** @type {(c: pg.Client) => Promise<unknown>} */ work,
) {
  const client = new pg.Client(poolConfig(target))
  // Without a listener an idle connection's error would end the process.
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
