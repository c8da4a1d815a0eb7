// @ts-check
// The engine's side of the Prisma CLI's JSON-RPC 2.0: one object per line, requests on stdin, responses on stdout.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { toUserFacing, withScriptError } from './errors.mjs'
import { lastPanic, loadSchemaEngine } from './load-engine.mjs'
import { takeScriptError } from './postgres-adapter.mjs'
import { createDatabase } from './postgres-server.mjs'

/** What the CLI may call: no other name is looked up on the engine object. */
const METHODS = new Set([
  'applyMigrations',
  'createMigration',
  'dbExecute',
  'debugPanic',
  'devDiagnostic',
  'diagnoseMigrationHistory',
  'diff',
  'ensureConnectionValidity',
  'evaluateDataLoss',
  'introspect',
  'introspectSql',
  'markMigrationApplied',
  'markMigrationRolledBack',
  'reset',
  'schemaPush',
  'version',
])

/**
 * Serves requests one after the other until stdin ends.
 * @param {{ datamodels: string[],
 *   factory: import('@prisma/driver-adapter-utils').SqlMigrationAwareDriverAdapterFactory }} options
 */
export async function serveJsonRpc({ datamodels, factory }) {
  const engine = await openEngine(datamodels, factory)
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    // a response to one of our own `print` requests
    if (request.method === undefined) continue
    send({ jsonrpc: '2.0', id: request.id, ...(await answer(engine, request)) })
  }
}

/**
 * @param {string[]} paths
 * @param {import('@prisma/driver-adapter-utils').SqlMigrationAwareDriverAdapterFactory} factory
 */
async function openEngine(paths, factory) {
  const [SchemaEngine, datamodels] = await Promise.all([
    loadSchemaEngine(),
    Promise.all(
      paths.map(async (path) => /** @type {[string, string]} */ ([path, await readFile(path, 'utf8')])),
    ),
  ])
  const bound = bindMigrationAwareSqlAdapterFactory(factory)
  const log = (/** @type {string} */ message) => process.stderr.write(`${message}\n`)
  // the engine panics on an empty list, but not on none
  const options = { datamodels: datamodels.length === 0 ? undefined : datamodels }
  /** @type {Promise<import('@prisma/schema-engine-wasm').SchemaEngine> | undefined} */
  let opening
  return {
    /** Connects at the first request. */
    engine: () => {
      opening ??= SchemaEngine.new(options, log, bound)
      return opening
    },
    /** Returns the original of an error that the engine reports as "External error id#0". */
    original: (/** @type {unknown} */ error) => {
      const id = /^External error id#(\d+)$/.exec(error instanceof Error ? error.message : '')?.[1]
      return id === undefined ? error : (bound.errorRegistry.consumeError(Number(id))?.error ?? error)
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof openEngine>>} Open */

/**
 * Rejects at a panic. It is thrown in a callback of the engine that nothing awaits, so the request would never get a
 * response. The process keeps running: without its engine the CLI would exit silently.
 */
const panicked = new Promise((_, reject) => {
  process.on('uncaughtException', (error) => {
    const trap = error instanceof WebAssembly.RuntimeError
    reject(trap ? new Error(`The schema engine panicked: ${lastPanic()}`, { cause: error }) : error)
  })
})
panicked.catch(() => {})

/** @returns {Promise<object>} `result` or `error` of the response */
async function answer(/** @type {Open} */ open, /** @type {{ method: string, params?: unknown }} */ request) {
  try {
    return { result: await Promise.race([call(open, request), panicked]) }
  } catch (error) {
    const script = takeScriptError()
    const failure = toUserFacing(open.original(error))
    const data = script === undefined ? failure : withScriptError(failure, script)
    return { error: { code: 4466, message: 'An error happened. Check the data field for details.', data } }
  }
}

/** @returns {Promise<unknown>} */
async function call(
  /** @type {Open} */ open,
  /** @type {{ method: string, params?: any }} */ { method, params },
) {
  if (method === 'createDatabase') {
    return { databaseName: await createDatabase(params.datasource.url) }
  }
  const name = method === 'getDatabaseVersion' ? 'version' : method
  if (!METHODS.has(name)) throw new Error(`schema-engine: unknown method "${method}"`)
  const engine = /** @type {any} */ (await open.engine())
  const result = await engine[name](params).catch(async (/** @type {unknown} */ error) => {
    if (!isMissingFromCache(error)) throw error
    await engine.diagnoseMigrationHistory({ ...params, optInToShadowDatabase: true })
    return engine[name](params)
  })
  // like the native engine: let the CLI print the script, and respond without it
  if (name === 'diff' && typeof result.stdout === 'string') {
    send({ jsonrpc: '2.0', id: 1, method: 'print', params: { content: result.stdout } })
    return { ...result, stdout: null }
  }
  return result ?? {}
}

/**
 * In this build evaluateDataLoss and createMigration cannot open a shadow database; they use what a diagnosis has left in
 * the engine's cache. After `migrate dev` has applied pending migrations that cache is outdated, and another diagnosis is
 * needed.
 */
function isMissingFromCache(/** @type {unknown} */ error) {
  return error instanceof Error && error.message.includes('must be provided through an external factory')
}

function send(/** @type {object} */ message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
