import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { schemaOf, tlsProblem } from './database-url.js'
import { DatabaseUrlError } from './database-url-error.js'
import { MigrationError } from './migration-error.js'
import { assertMayMigrate, mayNotRead } from './migration-rights.js'
import { runSchemaEngine } from './schema-engine-process.js'

export { MigrationError }

/** ms to wait for another node's migrations */
const LOCK_DEADLINE = 15 * 60_000
const LOCK_TIMED_OUT = 'P1002'
const UNKNOWN =
  'the database has migrations that this version of houselights does not have: start the version that applied them, or set DATABASE_URL to an empty database'
const NEWER =
  'houselights: the database has migrations of a later version, which this one works with if it is the one before\n'

export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/**
 * Applies the pending migrations of prisma/migrations as `prisma migrate deploy` does: with Prisma's engine, under
 * its advisory lock, so that any number of nodes can start at once. Creates the database if it does not exist. If
 * nothing is pending it takes one query. A database with all of this project's migrations and later ones is left as it is:
 * during a deploy nodes of the release before must be able to start.
 * @param options.root the directory of prisma/ and scripts/; the project's own by default
 * @param options.only names of the first migrations, to stop there; all by default
 * @returns the names of the migrations that this call applied
 * @throws {MigrationError} with Prisma's code (P1001 unreachable, P3009 an earlier one failed, P3018 …), with
 * `unknown_migrations` when the database has other migrations in place of this project's, or with
 * `not_allowed` when the role may not apply them
 * @throws {DatabaseUrlError} when TLS fails
 */
export async function applyMigrations(
  databaseUrl: string,
  { root = projectRoot(), only }: { root?: string; only?: readonly string[] } = {},
): Promise<string[]> {
  const directory = directoryIn(root)
  const migrations = readMigrations(directory).filter(({ name }) => only?.includes(name) ?? true)
  const giveUpAt = Date.now() + LOCK_DEADLINE
  for (;;) {
    const state = stateOf(await readApplied(databaseUrl), migrations)
    if (state === 'current') return []
    if (state === 'newer') {
      process.stderr.write(NEWER)
      return []
    }
    if (state === 'unknown migrations') throw new MigrationError(UNKNOWN, 'unknown_migrations')
    if (state === 'behind') await assertMayMigrate(databaseUrl)
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
      // the engine waits 10 s for its lock, but another node's migrations can take longer
      const isLocked = error instanceof MigrationError && error.code === LOCK_TIMED_OUT
      if (!isLocked || Date.now() > giveUpAt) throw error
    }
  }
}

/** The nearest parent directory with a package.json: works from src/ and from dist/. */
function projectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
  return directory
}

const directoryIn = (root: string) => join(root, 'prisma', 'migrations')

/** The project's migrations, in their order. */
export const projectMigrations = (): Migration[] => readMigrations(directoryIn(projectRoot()))

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** A row of Prisma's table of applied migrations. */
export interface Applied {
  readonly name: string
  readonly checksum: string
  /** false: it failed, or is being applied */
  readonly done: boolean
}

/** null: unreadable; Prisma's engine will report why */
type AppliedMigrations = readonly Applied[] | 'no database' | null

async function readApplied(url: string): Promise<AppliedMigrations> {
  const schema = schemaOf(url)
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<Applied>(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS done
       FROM ${client.escapeIdentifier(schema)}._prisma_migrations WHERE rolled_back_at IS NULL`,
    )
    return rows
  } catch (error) {
    const problem = tlsProblem(error)
    if (problem !== null) throw new DatabaseUrlError(problem)
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === '42501') throw mayNotRead(client.user ?? '', schema)
    return code === '3D000' ? 'no database' : null
  } finally {
    await client.end()
  }
}

/** newer: the database has all migrations of this version, and later ones */
export type State = 'current' | 'behind' | 'newer' | 'unknown migrations' | 'no database'

/** Decides the clear cases only; failed migrations and everything else are left to the engine. */
function stateOf(applied: AppliedMigrations, migrations: readonly Migration[]): State {
  if (applied === 'no database') return applied
  if (applied === null) return 'behind'
  const checksums = new Map(migrations.map(({ name, checksum }) => [name, checksum]))
  const last = migrations.at(-1)?.name ?? ''
  const own = applied.filter(({ name }) => checksums.has(name))
  const others = applied.filter(({ name }) => !checksums.has(name))
  const isChanged = own.some(({ name, checksum, done }) => done && checksums.get(name) !== checksum)
  const names = new Set(own.map(({ name }) => name))
  const isComplete = own.every(({ done }) => done) && migrations.every(({ name }) => names.has(name))
  if (isChanged || others.some(({ name }) => !isComplete || name < last)) return 'unknown migrations'
  if (!isComplete) return 'behind'
  return others.length === 0 ? 'current' : 'newer'
}

/** Compares the database's migrations with this project's. A database without any is `behind`. */
export async function migrationState(databaseUrl: string, { root = projectRoot() } = {}): Promise<State> {
  const migrations = readMigrations(directoryIn(root))
  return stateOf(await readApplied(databaseUrl), migrations)
}

type Call = (method: string, params: object) => Promise<unknown>

async function createDatabase(call: Call, url: string): Promise<void> {
  try {
    await call('createDatabase', { datasource: { tag: 'ConnectionString', url } })
  } catch (error) {
    // another node created it first
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
