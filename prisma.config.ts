import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
// types only: on a fresh clone nothing is installed yet
import type { PrismaConfig } from 'prisma/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// On a fresh clone npx fetches a Prisma of its own choice, which finds no packages of ours. They are installed as
// `npm start` does it, and the command is run by the Prisma that this project is made for.
const ownPrisma = here('node_modules/prisma/build/index.js')
if (!existsSync(ownPrisma)) {
  runNode(here('scripts/prepare.mjs'), '--packages')
  runNode(ownPrisma, ...process.argv.slice(2))
  process.exit()
}

/** Runs a program of Node on this terminal; when it fails, this process ends like it. */
function runNode(...args: string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

// The schema engine from npm in place of the binary that the CLI would download (docs/decisions), and no
// questions to Prisma's servers for news. The CLI reads this file before it looks at these variables.
const engine = here('scripts/schema-engine.mjs')
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= engine
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'

// Copies made without git (archives, some file systems) lose the mark that it may be run.
if ((statSync(engine).mode & 0o111) === 0) chmodSync(engine, 0o755)

/** Whether this command talks to the database; starting the embedded one for the others would be waste. */
function needsDatabase(words: readonly string[]): boolean {
  const asksForHelp = words.includes('--help') || words.includes('-h')
  return !asksForHelp && words.some((word) => ['migrate', 'db', 'studio'].includes(word))
}

/** The embedded server is given back when the CLI exits; the last user stops it. */
async function databaseUrl(): Promise<string | undefined> {
  const { DATABASE_URL: url } = process.env
  if (url !== undefined && url !== '') return url
  if (!needsDatabase(process.argv.slice(2))) return undefined
  const { acquireEmbeddedServer } = await import('./src/database/embedded/embedded-server.js')
  return (await acquireEmbeddedServer({ dataDirectory: here('.data') })).url
}

const url = await databaseUrl()
const { SHADOW_DATABASE_URL: shadowDatabaseUrl } = process.env

export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node --import=tsx prisma/seed.ts' },
  ...(url === undefined ? {} : { datasource: { url, ...(shadowDatabaseUrl ? { shadowDatabaseUrl } : {}) } }),
} satisfies PrismaConfig
