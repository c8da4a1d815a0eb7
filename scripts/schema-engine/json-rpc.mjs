// @ts-check
// The engine's side of the Prisma CLI's JSON-RPC 2.0: one object a line, requests on stdin, answers on stdout.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { toUserFacing, withScriptError } from './errors.mjs'
import { lastPanic, loadSchemaEngine } from './load-engine.mjs'
import { takeScriptError } from './postgres-adapter.mjs'
import { createDatabase } from './postgres-server.mjs'

/** What the CLI may call; anything else is refused rather than looked up on the object. */
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
    // An answer to one of our own `print` requests.
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
  // An empty list of files is a panic, none is not.
  const options = { datamodels: datamodels.length === 0 ? undefined : datamodels }
  /** @type {Promise<import('@prisma/schema-engine-wasm').SchemaEngine> | undefined} */
  let opening
  return {
    /** Connects, at the first request. */
    engine: () => {
      opening ??= SchemaEngine.new(options, log, bound)
      return opening
    },
    /** The engine keeps errors that it does not know apart, under a number, and speaks of "External error id#0". */
    original: (/** @type {unknown} */ error) => {
      const id = /^External error id#(\d+)$/.exec(error instanceof Error ? error.message : '')?.[1]
      return id === undefined ? error : (bound.errorRegistry.consumeError(Number(id))?.error ?? error)
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof openEngine>>} Open */

/**
 * A panic comes from a callback of the engine that nobody awaits, and the request would stay without an answer.
 * The process stays as well: the CLI, finding its engine gone, would end without a word.
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
    const plain = toUserFacing(open.original(error))
    const data = script === undefined ? plain : withScriptError(plain, script)
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
  // The native engine has the CLI print the script first, and answers without it.
  if (name === 'diff' && typeof result.stdout === 'string') {
    send({ jsonrpc: '2.0', id: 1, method: 'print', params: { content: result.stdout } })
    return { ...result, stdout: null }
  }
  return result ?? {}
}

/**
 * Two commands (evaluateDataLoss, createMigration) have no way of their own to a shadow database in this build,
 * and live on what a diagnosis has left in the engine's cache. That is out of date when `migrate dev` has
 * applied pending migrations since, so another diagnosis is made.
 */
function isMissingFromCache(/** @type {unknown} */ error) {
  return error instanceof Error && error.message.includes('must be provided through an external factory')
}

function send(/** @type {object} */ message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
