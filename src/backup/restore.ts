import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { applyMigrations } from '../database/migrate.js'
import { BackupError, BackupFileError } from './backup-errors.js'
import type { BackupHeader, BackupReader } from './backup-file.js'
import { columnsOf, foreignMigration } from './backup-writer.js'
import { withMaintenanceClient } from './maintenance-client.js'
import { type Recovery, recover } from './recovery.js'
import { hasMigrations, readTableNames } from './tables.js'

/** What a database holds before a restore. */
export interface Target {
  /** null: there are no tables */
  stored: { orders: number; users: number; lastOrderAt: string | null } | null
}

/**
 * Looks whether a backup fits the database, and what is there.
 * @throws {BackupError} when the backup or the database is of another version, or a node runs
 */
export async function inspectTarget(url: string, header: BackupHeader): Promise<Target> {
  const foreign = foreignMigration(header.migrations)
  if (foreign !== null) {
    throw new BackupError(
      `The backup was made by another version of houselights (${header.version}, migration ${foreign}): restore it with that version.`,
    )
  }
  try {
    return await withMaintenanceClient(url, async (client) => {
      await assertUnused(client)
      return { stored: await readStored(client, header) }
    })
  } catch (error) {
    // the migrations create it
    if (error instanceof pg.DatabaseError && error.code === NO_DATABASE) return { stored: null }
    throw error
  }
}

const NO_DATABASE = '3D000'

async function readStored(client: pg.Client, header: BackupHeader): Promise<Target['stored']> {
  if (!(await hasMigrations(client))) return null
  const applied = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY 1',
  )
  if (applied.rows.length === 0) return null
  const wanted = header.migrations.map(({ name }) => name)
  if (applied.rows.map(({ name }) => name).join() !== wanted.join()) {
    throw new BackupError(
      `The database has ${applied.rows.length} migrations, the backup ${wanted.length}: restore it into an empty database (CREATE DATABASE …, and DATABASE_URL to it; without DATABASE_URL move .data/postgres aside). Later migrations are applied there after the restore.`,
    )
  }
  const stored = await client.query<{ orders: number; users: number; lastOrderAt: string | null }>(
    `SELECT (SELECT count(*)::int FROM users) AS users, count(*)::int AS orders,
      to_char(max(created_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "lastOrderAt" FROM orders`,
  )
  return stored.rows[0] ?? null
}

/**
 * Refuses while a node or another command is connected: a node that goes on would ignore the next changes of rights, and
 * deliver events that no longer exist.
 * @throws {BackupError}
 */
export async function assertUnused(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'houselights%' AND pid <> pg_backend_pid()`,
  )
  const count = rows[0]?.count ?? 0
  if (count === 0) return
  throw new BackupError(
    `The service is running: ${count} of its connections to this database are open. Stop all nodes, then try again.`,
  )
}

export interface RestoreSummary extends Recovery {
  rows: number
  tables: number
  /** later migrations that were applied after it */
  migrations: string[]
}

/**
 * Replaces what the database holds by a backup, in one transaction, and has clients resume rightly on it (`recover`). An empty
 * database gets the backup's migrations before, and every database the later ones after.
 * @param backup of a file that was verified
 * @throws {BackupError} when the role may not
 */
export async function restoreBackup(url: string, backup: BackupReader): Promise<RestoreSummary> {
  await applyMigrations(url, { only: backup.header.migrations.map(({ name }) => name) })
  const summary = await withMaintenanceClient(url, async (client, schema) => {
    await client.query('BEGIN')
    await assertUnused(client)
    const filled = await fill(client, schema, backup).catch((error: unknown) => {
      throw explain(error, client.user ?? '')
    })
    await client.query('COMMIT')
    return filled
  })
  return { ...summary, migrations: await applyMigrations(url) }
}

async function fill(client: pg.Client, schema: string, backup: BackupReader) {
  const tables = await readTableNames(client, schema)
  await client.query(`TRUNCATE ${tables.map(quote).join(', ')}`)
  // they would number bills anew, or count changes that are none
  for (const table of tables) await client.query(`ALTER TABLE ${quote(table)} DISABLE TRIGGER USER`)
  const loaded: number[] = []
  for await (const { table, columns, rows } of backup.tables()) {
    if (!tables.includes(table))
      throw new BackupFileError(`The backup has a table that is unknown: ${table}.`)
    const into = client.query(copyFrom(`COPY ${quote(table)} (${columnsOf({ columns })}) FROM STDIN`))
    await pipeline(Readable.from(rows), into)
    loaded.push(into.rowCount)
  }
  for (const table of tables) await client.query(`ALTER TABLE ${quote(table)} ENABLE TRIGGER USER`)
  for (const { name, last } of backup.header.sequences) {
    await client.query(
      'SELECT setval($1::regclass, greatest(coalesce(pg_sequence_last_value($1::regclass), 1), $2::bigint))',
      [quote(name), last],
    )
  }
  const recovery = await recover(client, schema, tables)
  return { ...recovery, tables: loaded.length, rows: loaded.reduce((sum, count) => sum + count, 0) }
}

/** Has clients resume rightly on a database that was restored to an earlier time by other means (`recover`). */
export const recoverDatabase = (url: string): Promise<Recovery> =>
  withMaintenanceClient(url, async (client, schema) => {
    await client.query('BEGIN')
    await assertUnused(client)
    const recovery = await recover(client, schema, await readTableNames(client, schema))
    await client.query('COMMIT')
    return recovery
  })

const quote = (name: string) => pg.escapeIdentifier(name)
const INSUFFICIENT_PRIVILEGE = '42501'

function explain(error: unknown, role: string): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) return error
  return new BackupError(
    `DATABASE_URL’s role ${role} may not replace the tables (${error.message}): use the DATABASE_URL of their owner, which applies migrations.`,
  )
}
