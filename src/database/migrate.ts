import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { MigrationError, runSchemaEngine } from './schema-engine-process.js'

export { MigrationError }

/** How long another node's migrations may take before this one gives up waiting for them. */
const LOCK_DEADLINE = 15 * 60_000
const LOCK_TIMED_OUT = 'P1002'

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/**
 * Applies the migrations of prisma/migrations that the database does not have yet, as `prisma migrate deploy`
 * does: by Prisma's engine, under its advisory lock, so that any number of nodes may start at once. Makes the
 * database if there is none. When nothing is to be done, that is found by one query.
 * @param options.root the directory of prisma/ and scripts/; the project's own by default
 * @returns the names of the migrations applied now
 * @throws {MigrationError} with Prisma's code (P1001 unreachable, P3009 a failed one is in the way, P3018 …)
 */
export async function applyMigrations(
  databaseUrl: string,
  { root = projectRoot() }: { root?: string } = {},
): Promise<string[]> {
  const directory = join(root, 'prisma', 'migrations')
  const migrations = readMigrations(directory)
  const giveUpAt = Date.now() + LOCK_DEADLINE
  for (;;) {
    const state = await readState(databaseUrl, migrations)
    if (state === 'current') return []
    try {
      return await runSchemaEngine(join(root, 'scripts', 'schema-engine.mjs'), databaseUrl, async (call) => {
        if (state === 'no database') await createDatabase(call, databaseUrl)
        const result = await call('applyMigrations', {
          migrationsList: listForEngine(directory, migrations),
          filters: { externalTables: [], externalEnums: [] },
        })
        return (result as { appliedMigrationNames: string[] }).appliedMigrationNames
      })
    } catch (error) {
      // The engine waits 10 s for its lock; another node's migrations may take longer, and are then ours too.
      const isLocked = error instanceof MigrationError && error.code === LOCK_TIMED_OUT
      if (!isLocked || Date.now() > giveUpAt) throw error
    }
  }
}

/** The nearest directory above this file with a package.json: the same from src/ and from dist/. */
function projectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
  return directory
}

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
    .sort((a, b) => a.name.localeCompare(b.name))
}

type State = 'current' | 'behind' | 'no database'

/** Whatever is not plainly current is the engine's to judge: a failed migration, an edited one, no table. */
async function readState(url: string, migrations: readonly Migration[]): Promise<State> {
  const schema = new URL(url).searchParams.get('schema') ?? 'public'
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ name: string; checksum: string; done: boolean }>(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS done
       FROM ${client.escapeIdentifier(schema)}._prisma_migrations WHERE rolled_back_at IS NULL`,
    )
    const applied = new Map(rows.map(({ name, checksum, done }) => [name, done ? checksum : '']))
    const current =
      rows.every(({ done }) => done) &&
      migrations.every(({ name, checksum }) => applied.get(name) === checksum)
    return current ? 'current' : 'behind'
  } catch (error) {
    return stateOfFailure(error)
  } finally {
    await client.end()
  }
}

function stateOfFailure(error: unknown): State {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === '3D000') return 'no database'
  // No table, or no way to the server: the engine says it in Prisma's words.
  return 'behind'
}

type Call = (method: string, params: object) => Promise<unknown>

async function createDatabase(call: Call, url: string): Promise<void> {
  try {
    await call('createDatabase', { datasource: { tag: 'ConnectionString', url } })
  } catch (error) {
    // Another node was faster.
    if (!(error instanceof MigrationError && error.code === 'P1009')) throw error
  }
}

function listForEngine(baseDir: string, migrations: readonly Migration[]) {
  const lockfile = 'migration_lock.toml'
  return {
    baseDir,
    lockfile: { path: lockfile, content: readFileSync(join(baseDir, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  }
}
