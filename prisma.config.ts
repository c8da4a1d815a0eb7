import { chmodSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'
import { acquireEmbeddedServer } from './src/database/embedded-server.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

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
  return (await acquireEmbeddedServer({ dataDirectory: here('.data') })).url
}

const url = await databaseUrl()
const { SHADOW_DATABASE_URL: shadowDatabaseUrl } = process.env

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node --import=tsx prisma/seed.ts' },
  ...(url === undefined ? {} : { datasource: { url, ...(shadowDatabaseUrl ? { shadowDatabaseUrl } : {}) } }),
})
