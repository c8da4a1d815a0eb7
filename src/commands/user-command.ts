import { parseArgs } from 'node:util'
import { findSessionOwner, listSessions } from '../accounts/session-writes.js'
import {
  createUser,
  revokeSession,
  revokeSessions,
  type UserChange,
  updateUser,
} from '../accounts/user-actions.js'
import { type Account, findAccountByName, listAccounts } from '../accounts/user-queries.js'
import { notFound } from '../errors.js'
import type { Role } from '../principal.js'
import { type Command, type CommandContext, type CommandIo, UsageError, withContext } from './command.js'
import { printable, readTheatreId } from './options.js'

const USAGE = `Manages the accounts of houselights. Running services apply changes within two seconds.

  npm run user -- create --username U --role staff|admin|customer [--theatre ID]... [--manages ID]...
  npm run user -- list
  npm run user -- disable --username U         also ends all sessions of U
  npm run user -- enable --username U
  npm run user -- set-password --username U    also ends all sessions of U
  npm run user -- sessions --username U        lists the live sessions of U
  npm run user -- revoke --username U          ends all sessions of U
  npm run user -- revoke --session ID          ends one session

The password is prompted for, or read from the first line of stdin. It must have 8 to 128 characters.`

const OPTIONS = {
  username: { type: 'string' },
  role: { type: 'string' },
  theatre: { type: 'string', multiple: true },
  manages: { type: 'string', multiple: true },
  session: { type: 'string' },
} as const

interface Options {
  username?: string | undefined
  role?: string | undefined
  theatre?: string[] | undefined
  manages?: string[] | undefined
  session?: string | undefined
}

type Verb = (options: Options, io: CommandIo) => Promise<void>

const VERBS: Record<string, Verb> = {
  create,
  list,
  disable: (options, io) =>
    change(options, io, { isActive: false }, 'is disabled, and all its sessions have ended'),
  enable: (options, io) => change(options, io, { isActive: true }, 'is enabled'),
  'set-password': async (options, io) => {
    requireUsername(options)
    await change(
      options,
      io,
      { password: await io.readNewPassword() },
      'has a new password, and all its sessions have ended',
    )
  },
  sessions,
  revoke,
}

async function create(options: Options, io: CommandIo): Promise<void> {
  const username = requireUsername(options)
  const role = readRole(options.role)
  const managerOf = (options.manages ?? []).map(readTheatreId)
  // managers belong to their theatres: --theatre need not repeat them
  const theatreIds = [...(options.theatre ?? []).map(readTheatreId), ...managerOf]
  if (role === 'staff' && theatreIds.length === 0)
    throw new UsageError('Missing option: staff need at least one --theatre ID.')
  const password = await io.readNewPassword()
  await withContext(io, async (ctx) => {
    const account = await createUser(ctx, 'operator', {
      username,
      password,
      role,
      theatreIds,
      managerOf,
    })
    io.print(`Created ${describe(account)}.`)
  })
}

async function list(_options: Options, io: CommandIo): Promise<void> {
  await withContext(io, async ({ db }) => {
    for (const account of await listAccounts(db)) io.print(describe(account))
  })
}

async function change(options: Options, io: CommandIo, what: UserChange, done: string): Promise<void> {
  const username = requireUsername(options)
  await withContext(io, async (ctx) => {
    const { principal } = await accountOf(ctx, username)
    await updateUser(ctx, 'operator', principal.userId, what)
    io.print(`${principal.username} ${done}.`)
  })
}

async function sessions(options: Options, io: CommandIo): Promise<void> {
  const username = requireUsername(options)
  await withContext(io, async (ctx) => {
    const { principal } = await accountOf(ctx, username)
    const live = await listSessions(ctx.db, principal.userId, ctx.config.session)
    for (const { id, createdAt, lastSeenAt, ip, userAgent } of live) {
      io.print([id, createdAt.toISOString(), lastSeenAt.toISOString(), ip, printable(userAgent)].join('  '))
    }
    io.print(
      `${live.length} live ${live.length === 1 ? 'session' : 'sessions'} (id, created, last seen, address, browser)`,
    )
  })
}

async function revoke(options: Options, io: CommandIo): Promise<void> {
  if (options.session === undefined) requireUsername(options)
  await withContext(io, async (ctx) => {
    if (options.session === undefined) {
      const { principal } = await accountOf(ctx, requireUsername(options))
      const ended = await revokeSessions(ctx, 'operator', principal.userId)
      io.print(`Ended ${ended} ${ended === 1 ? 'session' : 'sessions'} of ${principal.username}.`)
      return
    }
    const userId = await findSessionOwner(ctx.db, options.session)
    if (userId === null) throw notFound('session')
    await revokeSession(ctx, 'operator', userId, options.session)
    io.print(`Ended session ${options.session}.`)
  })
}

function requireUsername({ username }: Options): string {
  if (!username) throw new UsageError('Missing option: --username U.')
  return username
}

async function accountOf({ db }: CommandContext, username: string): Promise<Account> {
  const account = await findAccountByName(db, username)
  if (!account) throw notFound('user')
  return account
}

function readRole(role: string | undefined): Role {
  if (role === 'staff' || role === 'admin' || role === 'customer') return role
  throw new UsageError('Missing or invalid option: --role must be staff, admin or customer.')
}

function describe({ principal, isActive }: Account): string {
  const { userId, username, role, theatres } = principal
  const mark = (manager: boolean) => (manager && role === 'staff' ? ', manager' : '')
  const where = theatres.map(({ id, name, manager }) => `${id} (${name}${mark(manager)})`).join(', ')
  return `${username} (user ${userId}): ${role}${where && ` of theatre ${where}`}${isActive ? '' : ', disabled'}`
}

/** `npm run user` */
export const userCommand: Command = {
  usage: USAGE,
  async run(argv, io) {
    const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true })
    const [verb = '', ...rest] = positionals
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
    if (!run) throw new UsageError(`Unknown command: user ${verb}.`)
    if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest.join(' ')}.`)
    await run(values, io)
  },
}
