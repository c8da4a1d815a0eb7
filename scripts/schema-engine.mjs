#!/usr/bin/env node
// @ts-check
// Prisma's schema engine as WebAssembly, with the command line and the JSON-RPC of the native engine, so that no engine
// binary has to be downloaded. prisma.config.ts sets PRISMA_SCHEMA_ENGINE_BINARY to this file; src/database/migrate.ts
// starts it too.
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { logError, toUserFacing } from './schema-engine/errors.mjs'
import { serveJsonRpc } from './schema-engine/json-rpc.mjs'
import { adapterFactory } from './schema-engine/postgres-adapter.mjs'
import { canConnect, createDatabase, dropDatabase } from './schema-engine/postgres-server.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // a newer CLI may pass options that this engine does not know
  strict: false,
  options: {
    datasource: { type: 'string' },
    datamodels: { type: 'string', multiple: true },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
    version: { type: 'boolean', short: 'V' },
  },
})

/** @returns {{ url: string, shadowDatabaseUrl?: string }} */
function datasource() {
  const parsed = typeof values.datasource === 'string' ? JSON.parse(values.datasource) : {}
  return { ...parsed, url: parsed.url ?? '' }
}

/** Runs a command of `schema-engine cli …`: exit code 0, or 1 with a log line that the CLI reads. */
async function runCliCommand(/** @type {string | undefined} */ command) {
  /** @type {Map<string, (url: string) => Promise<unknown>>} */
  const commands = new Map(
    Object.entries({
      'can-connect-to-database': canConnect,
      'create-database': createDatabase,
      'drop-database': dropDatabase,
    }),
  )
  const run = command === undefined ? undefined : commands.get(command)
  if (run === undefined) throw new Error(`schema-engine: unknown command "cli ${command ?? ''}"`)
  await run(datasource().url)
}

async function main() {
  if (values.version === true) {
    const require = createRequire(import.meta.url)
    const path = require.resolve('@prisma/schema-engine-wasm').replace(/[^/\\]+$/, 'package.json')
    process.stdout.write(`schema-engine-cli ${require(path).version} (WebAssembly)\n`)
    return
  }
  if (positionals[0] === 'cli') {
    await runCliCommand(positionals[1])
    return
  }
  const datamodels = /** @type {string[]} */ (values.datamodels ?? [])
  await serveJsonRpc({ datamodels, factory: adapterFactory(datasource()) })
}

// the CLI always sends SIGTERM right after it closes stdin: a normal end
process.on('SIGTERM', () => process.exit(0))

function fail(/** @type {unknown} */ error) {
  logError(toUserFacing(error))
  process.exit(1)
}

// explicitly: the engine's open pool keeps the event loop alive
main().then(() => process.exit(0), fail)
