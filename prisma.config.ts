import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
// types only: on a fresh clone nothing is installed yet
import type { PrismaConfig } from 'prisma/config'
import { chooseDatabase, loadEnvFile } from './scripts/lib/env.mjs'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// On a fresh clone npx downloads some version of Prisma, which finds none of our packages. Install them as `npm start`
// does, then run the command with the version that this project pins.
const ownPrisma = here('node_modules/prisma/build/index.js')
if (!existsSync(ownPrisma)) {
  runNode(here('scripts/prepare.mjs'), '--packages')
  runNode(ownPrisma, ...process.argv.slice(2))
  process.exit()
}

/** Runs a Node program on this terminal; when it fails, this process exits with its code. */
function runNode(...args: string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

// The schema engine from npm replaces the binary that the CLI would download, and the CLI makes no update checks. It reads
// these variables after it has loaded this file.
const engine = here('scripts/schema-engine.mjs')
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= engine
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'

// Copies made without git (archives, some file systems) lose the executable bit.
if ((statSync(engine).mode & 0o111) === 0) chmodSync(engine, 0o755)

/** Whether this command uses the database: the others must not start the embedded one. */
function needsDatabase(words: readonly string[]): boolean {
  const asksForHelp = words.includes('--help') || words.includes('-h')
  return !asksForHelp && words.some((word) => ['migrate', 'db', 'studio'].includes(word))
}

/** The embedded server is released when the CLI exits; the last process to release it stops it. */
async function databaseUrl(): Promise<string | undefined> {
  const isUsed = needsDatabase(process.argv.slice(2))
  if (isUsed) chooseDatabase()
  const { DATABASE_URL: url } = process.env
  if (url !== undefined && url !== '') {
    if (!isUsed) return url
    const { settleDatabaseUrl } = await import('./src/database/database-url.js')
    return await settleDatabaseUrl(url)
  }
  if (!isUsed) return undefined
  const { acquireEmbeddedServer } = await import('./src/database/embedded/embedded-server.js')
  return (await acquireEmbeddedServer({ dataDirectory: here('.data') })).url
}

async function readUrl(): Promise<string | undefined> {
  try {
    loadEnvFile()
    return await databaseUrl()
  } catch (error) {
    process.stderr.write(`houselights: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}

const url = await readUrl()
const { SHADOW_DATABASE_URL: shadowDatabaseUrl } = process.env

export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node --import=tsx prisma/seed.ts' },
  ...(url === undefined ? {} : { datasource: { url, ...(shadowDatabaseUrl ? { shadowDatabaseUrl } : {}) } }),
} satisfies PrismaConfig
