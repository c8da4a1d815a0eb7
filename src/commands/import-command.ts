import { parseArgs } from 'node:util'
import {
  type DjangoUser,
  type ImportOptions,
  type ImportOutcome,
  importDjangoUsers,
} from '../accounts/django-import.js'
import { namesSeveralHosts, SEVERAL_HOSTS } from '../config/network.js'
import { DatabaseUrlError } from '../database/database-url-error.js'
import { quoteTable, readForeignRows } from '../database/foreign-table.js'
import {
  type Command,
  type CommandContext,
  type CommandIo,
  InputError,
  UsageError,
  withContext,
} from './command.js'
import { printable, readTheatreId } from './options.js'

const USAGE = `Brings the accounts of a Django site, with their passwords.

  npm run import -- django --from postgres://reader@host/site [--theatre ID]... [--dry-run] [--table auth_user]

Superusers become admins, staff become staff of the theatres named by --theatre, all others customers. Their passwords stay
valid: hashes by pbkdf2_sha256, pbkdf2_sha1, scrypt and argon2 are checked as Django does, and replaced at the first sign-in.
Accounts whose name exists here are skipped, but for those that an earlier run has brought and that have not signed in since:
these become what Django says now. --dry-run stores nothing. The role of --from only needs to read the table, which may be
the site's own user model (--table).`

const OPTIONS = {
  from: { type: 'string' },
  table: { type: 'string', default: 'auth_user' },
  theatre: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
} as const

/** `npm run import` */
export const importCommand: Command = {
  usage: USAGE,
  async run(argv, io) {
    const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true })
    const [kind = '', ...rest] = positionals
    if (kind !== 'django') throw new UsageError(`Unknown command: import ${kind}.`)
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest.join(' ')}.`)
    if (!isPostgres(values.from)) throw new UsageError('Missing or invalid option: --from postgres://…')
    if (namesSeveralHosts(values.from ?? '')) throw new InputError(`--from ${SEVERAL_HOSTS}`)
    const table = quoteTable(values.table)
    if (table === null) throw new UsageError('Invalid option: --table must be the name of a table.')
    const theatreIds = (values.theatre ?? []).map(readTheatreId)
    const isDryRun = values['dry-run'] ?? false
    await withContext(io, (ctx) => importAll(ctx, io, values.from ?? '', table, { theatreIds, isDryRun }))
  },
}

const isPostgres = (url: string | undefined): boolean => /^postgres(?:ql)?:\/\//.test(url ?? '')

async function importAll(
  ctx: CommandContext,
  io: CommandIo,
  from: string,
  table: string,
  options: ImportOptions,
): Promise<void> {
  await requireTheatres(ctx, options.theatreIds)
  const outcomes: ImportOutcome[] = []
  const query = `SELECT username, password, is_active, is_staff, is_superuser FROM ${table} ORDER BY username`
  for await (const users of readSite(from, query)) {
    outcomes.push(...(await importDjangoUsers(ctx, users, options)))
  }
  report(outcomes, io, options)
}

async function requireTheatres({ db }: CommandContext, ids: readonly number[]): Promise<void> {
  const known = await db.theatre.findMany({ where: { id: { in: [...ids] } }, select: { id: true } })
  const unknown = ids.filter((id) => !known.some((theatre) => theatre.id === id))
  if (unknown.length > 0) throw new InputError(`There is no theatre ${unknown.join(', ')}.`)
}

async function* readSite(from: string, query: string): AsyncGenerator<DjangoUser[]> {
  try {
    for await (const rows of readForeignRows(from, query, '--from')) yield rows.map(readRow)
  } catch (error) {
    if (error instanceof DatabaseUrlError) throw error
    // pg's messages name the user or the table, never the password of the URL
    throw new InputError(
      `The site's database can't be read: ${error instanceof Error ? error.message : error}`,
    )
  }
}

function readRow(row: Record<string, unknown>): DjangoUser {
  return {
    username: String(row.username),
    password: String(row.password ?? ''),
    isActive: row.is_active === true,
    isStaff: row.is_staff === true,
    isSuperuser: row.is_superuser === true,
  }
}

function report(
  outcomes: readonly ImportOutcome[],
  io: CommandIo,
  { theatreIds, isDryRun }: ImportOptions,
): void {
  const of = (done: ImportOutcome['done']) => outcomes.filter((outcome) => outcome.done === done)
  for (const outcome of outcomes) {
    if (outcome.done === 'skipped') io.print(`skipped ${printable(outcome.username)}: ${outcome.reason}`)
    if (outcome.done === 'added' && outcome.role !== 'customer')
      io.print(`${outcome.role} ${printable(outcome.username)}${outcome.isActive ? '' : ', disabled'}`)
  }
  const staff = outcomes.filter((outcome) => outcome.done === 'added' && outcome.role === 'staff')
  if (staff.length > 0 && theatreIds.length === 0)
    io.print('Staff without --theatre belong to no theatre: an admin can add them.')
  const counts = (['added', 'updated', 'same', 'skipped'] as const).map(
    (done) => `${of(done).length} ${WORDS[done]}`,
  )
  io.print(`${isDryRun ? 'Nothing was stored. It would be: ' : ''}${counts.join(', ')}.`)
}

const WORDS = { added: 'added', updated: 'updated', same: 'unchanged', skipped: 'skipped' }
