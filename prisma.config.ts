import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'
import { acquireEmbeddedServer } from './src/database/embedded-server.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// The schema engine from npm in place of the binary that the CLI would download (docs/decisions), and no
// questions to Prisma's servers for news. The CLI reads this file before it looks at these variables.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= here('scripts/schema-engine.mjs')
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'

/** Whether this command talks to the database; starting the embedded one for the others would be waste. */
function needsDatabase([command = '', ...rest]: readonly string[]): boolean {
  const asksForHelp = rest.includes('--help') || rest.includes('-h')
  return ['migrate', 'db', 'studio'].includes(command) && rest.length > 0 !== asksForHelp
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
