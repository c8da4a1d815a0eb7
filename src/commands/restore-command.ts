import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type BackupHeader, openBackup, verifyBackup } from '../backup/backup-file.js'
import { findProblems } from '../backup/recovery.js'
import { inspectTarget, recoverDatabase, restoreBackup, type Target } from '../backup/restore.js'
import { type Command, type CommandIo, InputError, UsageError } from './command.js'
import { withDatabaseUrl } from './database-target.js'

const USAGE = `Puts a backup into the database, or a database that was restored by other means into service.

  npm run restore -- FILE [--yes]        replaces what the database holds by the backup, all or nothing
  npm run restore -- --recovered [--yes] after a restore to an earlier time by other means (a base backup with WAL, a replica
                                         that was promoted): does what follows a restore, and nothing else
  npm run restore -- --check             checks that what the database holds is consistent; changes nothing

Stop all nodes before. What follows a restore: clients start with a snapshot, ids that may have been given out since are
skipped, and staff and admins sign in again. At the end it checks the database, as --check does. The database is empty, or
has the migrations of the backup; later ones are applied after. Asks before it replaces a database that
holds data; --yes skips the question.`

const OPTIONS = {
  yes: { type: 'boolean', default: false },
  recovered: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
} as const

/** `npm run restore` */
export const restoreCommand: Command = {
  usage: USAGE,
  async run(argv, io) {
    const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true })
    const [path, ...rest] = positionals
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest[0]}.`)
    if ([path !== undefined, values.recovered, values.check].filter(Boolean).length !== 1)
      throw new UsageError('Give one of FILE, --recovered and --check.')
    await withDatabaseUrl(io, async (url) => {
      if (path !== undefined) await restore(url, resolve(io.env.INIT_CWD ?? '.', path), values.yes, io)
      if (values.recovered) await recoverAfterQuestion(url, values.yes, io)
      await check(url, io)
    })
  },
}

async function restore(url: string, path: string, isConfirmed: boolean, io: CommandIo): Promise<void> {
  await verifyBackup(path)
  const backup = await openBackup(path)
  try {
    const { header } = backup
    const { stored } = await inspectTarget(url, header)
    io.print(`The backup was taken at ${header.takenAt} from PostgreSQL ${header.server}.`)
    if (stored !== null && stored.users > 0 && !isConfirmed) await confirmReplacement(stored, header, io)
    const done = await restoreBackup(url, backup)
    io.print(`Restored ${done.rows} rows of ${done.tables} tables.`)
    if (done.migrations.length > 0) io.print(`Applied later migrations: ${done.migrations.join(', ')}.`)
    reportRecovery(done, io)
    io.print(
      `Ask the payment provider about what is lost: npm run payments -- reconcile --since ${header.takenAt.slice(0, 10)}`,
    )
  } finally {
    backup.close()
  }
}

async function confirmReplacement(
  { orders, users, lastOrderAt }: NonNullable<Target['stored']>,
  { takenAt }: BackupHeader,
  io: CommandIo,
): Promise<void> {
  const last = lastOrderAt === null ? '' : `, the last of ${lastOrderAt}`
  const question = `The database holds ${users} accounts and ${orders} orders${last}. Replace all of it by the backup of ${takenAt}?`
  const answer = await io.confirm(question)
  if (answer) return
  throw new InputError(
    answer === null ? `${question} Nothing was changed: give --yes to replace it.` : 'Nothing was changed.',
  )
}

async function recoverAfterQuestion(url: string, isConfirmed: boolean, io: CommandIo): Promise<void> {
  if (!isConfirmed) {
    const answer = await io.confirm(
      'End the sessions of all staff and admins, and have all clients start with a snapshot?',
    )
    if (!answer) throw new InputError(`Nothing was changed.${answer === null ? ' Give --yes to do it.' : ''}`)
  }
  reportRecovery(await recoverDatabase(url), io)
}

function reportRecovery(
  { groups, sequences, sessions }: Awaited<ReturnType<typeof recoverDatabase>>,
  io: CommandIo,
): void {
  io.print(
    `Clients of ${groups} groups start with a snapshot; ${sequences} sequences of ids skip what may be lost.`,
  )
  io.print(`Ended ${sessions} sessions of staff and admins: they sign in again.`)
}

async function check(url: string, io: CommandIo): Promise<void> {
  const findings = await findProblems(url)
  for (const { what, problems } of findings) {
    io.print(
      `${problems.length === 0 ? 'ok  ' : 'NOT '} ${what}${problems.length === 0 ? '' : `: ${problems.join('; ')}`}`,
    )
  }
  if (findings.some(({ problems }) => problems.length > 0))
    throw new InputError('The database does not fit together: see the lines that begin with NOT.')
}
