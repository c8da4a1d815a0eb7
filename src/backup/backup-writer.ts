import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { projectMigrations } from '../database/migrate.js'
import { VERSION } from '../version.js'
import { BackupError } from './backup-errors.js'
import {
  type BackupEnd,
  type BackupHeader,
  END_OF_ROWS,
  FORMAT,
  FORMAT_VERSION,
  verifyBackup,
} from './backup-file.js'
import { withMaintenanceClient } from './maintenance-client.js'
import { hasMigrations, readSequences, readTables, type Table, tablesIn } from './tables.js'

export interface BackupSummary {
  rows: number
  tables: number
}

/** Whether migrations were applied. */
export const hasTables = (url: string): Promise<boolean> => withMaintenanceClient(url, hasMigrations)

/**
 * Writes all that the service has stored to a file, as it is at one moment, while the service runs. The file appears when it
 * is complete and has been read again; only its owner may read it. It replaces one that is there.
 * @throws {BackupError} when there are no tables, or tables of another version
 */
export async function writeBackup(url: string, path: string): Promise<BackupSummary> {
  const temporary = `${path}.tmp-${process.pid}`
  try {
    await withMaintenanceClient(url, async (client, schema) => {
      // what one snapshot sees is consistent, as each change is one transaction
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY')
      const file = createWriteStream(temporary, { mode: 0o600, flags: 'wx', flush: true })
      await pipeline(backupOf(client, schema), createGzip(), file)
    })
    // a disk may have taken it and not kept it
    const end = await verifyBackup(temporary)
    await rename(temporary, path)
    await flushFolder(dirname(path))
    const counts = Object.values(end.rows)
    return { tables: counts.length, rows: counts.reduce((sum, count) => sum + count, 0) }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The event log: a restore empties it, as positions of clients may be ahead of it. It is the largest table. */
const LEFT_OUT = 'live_events'

async function* backupOf(client: pg.Client, schema: string): AsyncGenerator<Buffer | string> {
  const migrations = await readMigrations(client)
  const created = tablesIn(projectMigrations()).filter((name) => name !== LEFT_OUT)
  const tables = await readTables(client, schema, created)
  const names = tables.map(({ name }) => name)
  await client.query(`LOCK TABLE ${names.map(quote).join(', ')} IN ACCESS SHARE MODE`)
  yield line(await headerOf(client, schema, names, migrations))
  const rows: BackupEnd['rows'] = {}
  for (const table of tables) {
    yield line({ table: table.name, columns: table.columns })
    const stream = client.query(copyTo(`COPY ${quote(table.name)} (${columnsOf(table)}) TO STDOUT`))
    yield* stream
    yield `${END_OF_ROWS}\n`
    rows[table.name] = stream.rowCount
  }
  yield line({ rows } satisfies BackupEnd)
}

const line = (value: object) => `${JSON.stringify(value)}\n`
const quote = (name: string) => pg.escapeIdentifier(name)
/** A table's columns as SQL. */
export const columnsOf = ({ columns }: Pick<Table, 'columns'>): string => columns.map(quote).join(', ')

async function headerOf(
  client: pg.Client,
  schema: string,
  tables: readonly string[],
  migrations: BackupHeader['migrations'],
): Promise<BackupHeader> {
  const { rows } = await client.query<{ server: string; takenAt: string }>(
    `SELECT current_setting('server_version') AS server,
      to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "takenAt"`,
  )
  const { server = '', takenAt = '' } = rows[0] ?? {}
  const sequences: BackupHeader['sequences'] = []
  for (const { name } of await readSequences(client, schema, tables)) {
    const { rows: values } = await client.query<{ last: string | null }>(
      `SELECT pg_sequence_last_value($1::regclass)::text AS last`,
      [quote(name)],
    )
    const last = values[0]?.last
    if (last) sequences.push({ name, last })
  }
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    version: VERSION,
    takenAt,
    server,
    migrations,
    sequences,
  }
}

const UNDEFINED_TABLE = '42P01'

async function readMigrations(client: pg.Client): Promise<BackupHeader['migrations']> {
  const { rows } = await client
    .query<{ name: string; checksum: string; done: boolean }>(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS done FROM _prisma_migrations
       WHERE rolled_back_at IS NULL ORDER BY migration_name`,
    )
    .catch((error: unknown) => {
      const isMissing = error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE
      throw isMissing
        ? new BackupError('The database has no tables yet: there is nothing to back up.')
        : error
    })
  const unfinished = rows.find(({ done }) => !done)
  if (unfinished) {
    throw new BackupError(
      `The migration ${unfinished.name} has failed or is being applied: wait, or resolve it.`,
    )
  }
  const migrations = rows.map(({ name, checksum }) => ({ name, checksum }))
  const foreign = foreignMigration(migrations)
  if (foreign === null) return migrations
  throw new BackupError(
    `The database has a migration that this version of houselights does not have (${foreign}): use the version that applied it.`,
  )
}

/** The first that this version does not have, or has changed; null: none. */
export function foreignMigration(migrations: BackupHeader['migrations']): string | null {
  const known = new Map(projectMigrations().map(({ name, checksum }) => [name, checksum]))
  return migrations.find(({ name, checksum }) => known.get(name) !== checksum)?.name ?? null
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}
