import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { hasTables, writeBackup } from '../backup/backup-writer.js'
import { applyMigrations } from '../database/migrate.js'
import { loadDemoData } from '../demo-data.js'
import { type Command, type CommandIo, InputError, UsageError } from './command.js'
import { withDatabaseUrl } from './database-target.js'

const USAGE = `Writes all that the service has stored to a file, as it is at one moment. The service may run.

  npm run backup [-- --out FILE] [--yes]

Without --out the file is houselights-TIME.backup.gz in the working directory. --yes replaces a file that is there. Only the
file's owner may read it: it holds phones, chats and password hashes. It needs no program of PostgreSQL, and can be restored
on any server from PostgreSQL 15 on: npm run restore -- FILE. Secrets (SECRET_KEY, …) are not in it.`

const OPTIONS = { out: { type: 'string' }, yes: { type: 'boolean', default: false } } as const

/** `npm run backup` */
export const backupCommand: Command = {
  usage: USAGE,
  needsArguments: false,
  async run(argv, io) {
    const { values } = parseArgs({ args: argv, options: OPTIONS })
    if (values.out === '') throw new UsageError('Missing value: --out FILE.')
    const name = values.out ?? `houselights-${new Date().toISOString().replace(/[:.]/g, '-')}.backup.gz`
    const path = resolve(io.env.INIT_CWD ?? '.', name)
    await assertWritable(path, values.yes, io)
    const { rows, tables } = await withDatabaseUrl(io, async (url, isEmbedded) => {
      // on a fresh clone, as every command does
      if (isEmbedded && !(await hasTables(url))) {
        await applyMigrations(url)
        await loadDemoData(url)
      }
      return await writeBackup(url, path)
    })
    const kilobytes = Math.ceil(statSync(path).size / 1000)
    io.print(`Written to ${path}: ${rows} rows of ${tables} tables, ${kilobytes} kB.`)
  },
}

async function assertWritable(path: string, isConfirmed: boolean, io: CommandIo): Promise<void> {
  if (!existsSync(dirname(path))) throw new InputError(`There is no folder ${dirname(path)}.`)
  if (!existsSync(path)) return
  if (!statSync(path).isFile()) throw new InputError(`${path} is not a file.`)
  if (isConfirmed) return
  const answer = await io.confirm(`${path} exists. Replace it?`)
  if (answer) return
  throw new InputError(
    `Nothing was written: ${path} exists.${answer === null ? ' Give --yes to replace it.' : ''}`,
  )
}
