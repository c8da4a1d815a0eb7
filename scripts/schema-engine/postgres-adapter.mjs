// @ts-check
// @prisma/adapter-pg, extended for the schema engine. The stock adapter serves an application's queries; migrations also
// need one database session that keeps its locks and settings, scripts in one piece, the catalog's own types, and a
// temporary shadow database.
import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { drop, empty, parseUrl, poolConfig, setUp, withClient } from './postgres-server.mjs'

/** PostgreSQL's internal one-byte "char" type, which the catalog uses and the adapter does not support. */
const INTERNAL_CHAR = 18
const TEXT = 25
/**
 * What `migrate dev` puts at the head of a first migration. The schema that the tables are for is there, and even IF NOT
 * EXISTS needs the right to create schemas, which a role of one schema lacks. The line breaks stay: errors count lines.
 */
const CREATE_PUBLIC = /^CREATE SCHEMA IF NOT EXISTS "public";$/m

/** @returns {Promise<import('@prisma/driver-adapter-utils').SqlDriverAdapter>} */
async function connect(
  /** @type {import('./postgres-server.mjs').Target} */ target,
  onDispose = async () => {},
) {
  const schema = target.schema ?? 'public'
  const pool = new pg.Pool({ ...poolConfig(target), onConnect: (client) => setUp(client, schema) })
  const adapter = await new PrismaPg(pool, { schema }).connect()
  const startTransaction = adapter.startTransaction.bind(adapter)
  // its translation of driver errors
  const { onError } = /** @type {{ onError(error: unknown): never }} */ (/** @type {unknown} */ (adapter))
  return Object.assign(readInternalChar(adapter), {
    startTransaction: async (/** @type {import('@prisma/driver-adapter-utils').IsolationLevel} */ level) =>
      readInternalChar(await startTransaction(level)),
    // in one piece, by the simple query protocol: the stock adapter splits at every semicolon, also in function bodies.
    // A script without its own BEGIN is one transaction, as with the native engine.
    executeScript: async (/** @type {string} */ script) => {
      await pool.query(script.replace(CREATE_PUBLIC, '')).catch((error) => {
        keepScriptError(error, script)
        onError.call(adapter, error)
      })
    },
    dispose: async () => {
      await pool.end()
      await onDispose()
    },
  })
}

/**
 * The stock adapter rejects columns of the type "char"; the engine expects them as characters.
 * @template {import('@prisma/driver-adapter-utils').SqlQueryable} T
 * @param {T} queryable
 * @returns {T}
 */
function readInternalChar(queryable) {
  /** @type {WeakMap<object, number[]>} */
  const found = new WeakMap()
  const inner = /** @type {{ performIO(query: object): Promise<pg.QueryArrayResult> }} */ (
    /** @type {unknown} */ (queryable)
  )
  const performIO = inner.performIO.bind(inner)
  inner.performIO = async (query) => {
    const result = await performIO(query)
    const columns = [...result.fields.keys()].filter((at) => result.fields[at]?.dataTypeID === INTERNAL_CHAR)
    for (const at of columns) Object.assign(result.fields[at] ?? {}, { dataTypeID: TEXT })
    found.set(query, columns)
    return result
  }
  const queryRaw = queryable.queryRaw.bind(queryable)
  queryable.queryRaw = async (query) => {
    const result = await queryRaw(query)
    for (const at of found.get(query) ?? []) result.columnTypes[at] = ColumnTypeEnum.Character
    return result
  }
  return queryable
}

/** @type {{ code: string, message: string } | undefined} */
let failedScript

/** Returns and clears the database's error of the last failed script. */
export function takeScriptError() {
  const last = failedScript
  failedScript = undefined
  return last
}

/**
 * Keeps the full error: the engine gets only the adapter's short translation ("No such table").
 * @param {unknown} error
 * @param {string} script
 */
function keepScriptError(error, script) {
  if (!(error instanceof pg.DatabaseError)) return
  const { code = 'N/A', severity = 'ERROR', detail, hint, position } = error
  const line =
    position === undefined ? '' : `\n\nLine: ${script.slice(0, Number(position)).split('\n').length}`
  const extra = [detail, hint].filter((text) => text !== undefined).map((text) => `\n${text}`)
  failedScript = { code, message: `${severity}: ${error.message}${extra.join('')}${line}` }
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
