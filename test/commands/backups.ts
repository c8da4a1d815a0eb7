import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { readTables, tablesIn } from '../../src/backup/tables.js'
import { backupCommand } from '../../src/commands/backup-command.js'
import { restoreCommand } from '../../src/commands/restore-command.js'
import { createDatabase } from '../../src/database/client.js'
import { projectMigrations } from '../../src/database/migrate.js'
import type { TestDatabase } from '../helpers/database.js'
import { newDatabaseName, withClient } from '../helpers/database-template.js'
import { runCommand } from './run-command.js'

export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-backup-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs `npm run backup`. */
export const backup = (databaseUrl: string, ...args: string[]) =>
  runCommand(backupCommand, args, { databaseUrl })
/** Runs `npm run restore`. */
export const restore = (databaseUrl: string, ...args: string[]) =>
  runCommand(restoreCommand, args, { databaseUrl })

export async function backupTo(t: Test, url: string): Promise<string> {
  const file = join(folderOf(t), 'houselights.backup.gz')
  t.match(await backup(url, '--out', file), { code: 0, err: '' })
  return file
}

/** A server to make databases on. */
export interface Server {
  adminUrl: string
  urlOf(name: string): string
}

/** A database's name on a server; it does not exist yet. */
export function freshName(t: Test, { adminUrl }: Server): string {
  const name = newDatabaseName()
  t.teardown(() =>
    withClient(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  )
  return name
}

export function connected(t: Test, url: string): TestDatabase & { close(): Promise<void> } {
  const db = createDatabase({ url, poolSize: 2, poolTimeoutMs: 5000, statementTimeoutMs: 10_000 })
  const close = () => db.$disconnect()
  t.teardown(close)
  return { url, db, close }
}

/** All rows of all tables, as text. */
export async function contents(url: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    await client.query(`SET TimeZone = 'UTC'`)
    const found: Record<string, string[]> = {}
    for (const { name } of await readTables(client, 'public', tablesIn(projectMigrations()))) {
      const { rows } = await client.query(`SELECT r::text AS row FROM "${name}" r ORDER BY 1`)
      found[name] = rows.map(({ row }) => row)
    }
    return found
  })
}
