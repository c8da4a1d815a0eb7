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
import { MAX_ID } from '../protocol/groups.js'
import { type Command, type CommandContext, type Surroundings, UsageError, withContext } from './command.js'

const USAGE = `Accounts of houselights. Changes reach running services within two seconds.

  npm run user -- create --username U --role staff|admin|customer [--theatre ID]...
  npm run user -- list
  npm run user -- disable --username U         ends all sessions of U
  npm run user -- enable --username U
  npm run user -- set-password --username U    ends all sessions of U
  npm run user -- sessions --username U        lists the live ones
  npm run user -- revoke --username U          ends all sessions of U
  npm run user -- revoke --session ID          ends that one

A password is asked for, or read from the first line of stdin; it has 8 to 128 characters.`

const OPTIONS = {
  username: { type: 'string' },
  role: { type: 'string' },
  theatre: { type: 'string', multiple: true },
  session: { type: 'string' },
} as const

interface Given {
  username?: string | undefined
  role?: string | undefined
  theatre?: string[] | undefined
  session?: string | undefined
}

type Verb = (given: Given, around: Surroundings) => Promise<void>

const VERBS: Record<string, Verb> = {
  create,
  list,
  disable: (given, around) =>
    change(given, around, { isActive: false }, 'is disabled; all sessions have ended'),
  enable: (given, around) => change(given, around, { isActive: true }, 'is enabled'),
  'set-password': async (given, around) => {
    named(given)
    await change(
      given,
      around,
      { password: await around.readNewPassword() },
      'has a new password; all sessions have ended',
    )
  },
  sessions,
  revoke,
}

async function create(given: Given, around: Surroundings): Promise<void> {
  const username = named(given)
  const role = readRole(given.role)
  const theatreIds = (given.theatre ?? []).map(readTheatreId)
  if (role === 'staff' && theatreIds.length === 0)
    throw new UsageError('Staff need --theatre ID, once or more.')
  const password = await around.readNewPassword()
  await withContext(around, async (ctx) => {
    const account = await createUser(ctx, 'operator', { username, password, role, theatreIds })
    around.print(`Made ${describe(account)}.`)
  })
}

async function list(_given: Given, around: Surroundings): Promise<void> {
  await withContext(around, async ({ db }) => {
    for (const account of await listAccounts(db)) around.print(describe(account))
  })
}

async function change(given: Given, around: Surroundings, what: UserChange, done: string): Promise<void> {
  const username = named(given)
  await withContext(around, async (ctx) => {
    const { principal } = await accountOf(ctx, username)
    await updateUser(ctx, 'operator', principal.userId, what)
    around.print(`${principal.username} ${done}.`)
  })
}

async function sessions(given: Given, around: Surroundings): Promise<void> {
  const username = named(given)
  await withContext(around, async (ctx) => {
    const { principal } = await accountOf(ctx, username)
    const live = await listSessions(ctx.db, principal.userId, ctx.config.session)
    for (const { id, createdAt, lastSeenAt, ip, userAgent } of live) {
      around.print(
        [id, createdAt.toISOString(), lastSeenAt.toISOString(), ip, printable(userAgent)].join('  '),
      )
    }
    around.print(
      `${live.length} live ${live.length === 1 ? 'session' : 'sessions'} (id, made, last seen, address, browser)`,
    )
  })
}

async function revoke(given: Given, around: Surroundings): Promise<void> {
  if (given.session === undefined) named(given)
  await withContext(around, async (ctx) => {
    if (given.session === undefined) {
      const { principal } = await accountOf(ctx, named(given))
      const ended = await revokeSessions(ctx, 'operator', principal.userId)
      around.print(`Ended ${ended} ${ended === 1 ? 'session' : 'sessions'} of ${principal.username}.`)
      return
    }
    const userId = await findSessionOwner(ctx.db, given.session)
    if (userId === null) throw notFound('session')
    await revokeSession(ctx, 'operator', userId, given.session)
    around.print(`Ended session ${given.session}.`)
  })
}

function named({ username }: Given): string {
  if (!username) throw new UsageError('Which account? Give --username U.')
  return username
}

async function accountOf({ db }: CommandContext, username: string): Promise<Account> {
  const account = await findAccountByName(db, username)
  if (!account) throw notFound('user')
  return account
}

function readRole(role: string | undefined): Role {
  if (role === 'staff' || role === 'admin' || role === 'customer') return role
  throw new UsageError('Which role? Give --role staff, admin or customer.')
}

function readTheatreId(text: string): number {
  const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > MAX_ID)
    throw new UsageError(`--theatre is a theatre's number, not ${JSON.stringify(text)}.`)
  return id
}

/** What a browser calls itself may hold anything; a terminal obeys control characters. */
const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '?')

function describe({ principal, isActive }: Account): string {
  const { userId, username, role, theatres } = principal
  const where = theatres.map((theatre) => `${theatre.id} (${theatre.name})`).join(', ')
  return `${username}: ${role} number ${userId}${where && ` of theatre ${where}`}${isActive ? '' : ', disabled'}`
}

/** `npm run user` */
export const userCommand: Command = {
  usage: USAGE,
  async run(argv, around) {
    const { values, positionals } = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true })
    const [verb = '', ...rest] = positionals
    const act = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
    if (!act) throw new UsageError(`There is no "user ${verb}".`)
    if (rest.length > 0) throw new UsageError(`Too much: ${rest.join(' ')}.`)
    await act(values, around)
  },
}
