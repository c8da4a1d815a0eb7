import type { Transaction } from '../database/client.js'
import { DomainError } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { NewAccessChange } from '../events/event-log.js'
import type { Role } from '../principal.js'
import { isDjangoHash, readDjangoHash } from './django-hashes.js'
import { changeWithin, insertUser } from './user-actions.js'
import { checkNewUsername } from './usernames.js'

/** A row of Django's `auth_user`, or of the site's own user table. */
export interface DjangoUser {
  username: string
  password: string
  isActive: boolean
  isStaff: boolean
  isSuperuser: boolean
}

/** What became of one row. `same`: an earlier run has imported it as it is. */
export type ImportOutcome =
  | { username: string; done: 'added' | 'updated' | 'same'; role: Role; isActive: boolean }
  | { username: string; done: 'skipped'; reason: string }

export interface ImportOptions {
  /** the theatres of those who are staff */
  theatreIds: readonly number[]
  isDryRun: boolean
}

interface Wanted {
  username: string
  passwordHash: string
  role: Role
  isActive: boolean
  theatreIds: readonly number[]
}

interface Existing {
  /** as it was asked for */
  name: string
  id: number
  username: string
  passwordHash: string | null
  role: Role
  isActive: boolean
  theatreIds: number[]
}

/**
 * Imports accounts with their hashes, in one transaction: staff as staff of `theatreIds`, superusers as admins, others as
 * customers. An account that an earlier import made, and whose user has not signed in since, becomes what Django says now;
 * every other account of the same name is left alone. With `isDryRun` nothing is stored.
 */
export async function importDjangoUsers(
  ctx: ActionContext,
  users: readonly DjangoUser[],
  options: ImportOptions,
): Promise<ImportOutcome[]> {
  try {
    return await commit(ctx, async (tx) => {
      const outcome = await importWithin(tx, users, options)
      if (options.isDryRun) throw new DryRun(outcome.result)
      return outcome
    })
  } catch (error) {
    if (error instanceof DryRun) return error.outcomes
    throw error
  }
}

/** Rolls back what was tried. */
class DryRun extends Error {
  constructor(readonly outcomes: ImportOutcome[]) {
    super('a dry run')
  }
}

async function importWithin(
  tx: Transaction,
  users: readonly DjangoUser[],
  options: ImportOptions,
): Promise<Outcome<ImportOutcome[]>> {
  const read = users.map((user) => [user.username, readUser(user, options)] as const)
  const names = read.flatMap(([, wanted]) => (typeof wanted === 'string' ? [] : [wanted.username]))
  const existing = new Map((await findExisting(tx, names)).map((row) => [row.name, row]))
  const outcomes: ImportOutcome[] = []
  const changes: NewAccessChange[] = []
  for (const [username, wanted] of read) {
    if (typeof wanted === 'string') {
      outcomes.push({ username, done: 'skipped', reason: wanted })
      continue
    }
    const { role, isActive } = wanted
    const done = await store(tx, existing.get(wanted.username), wanted, changes)
    outcomes.push(
      done === 'taken'
        ? { username, done: 'skipped', reason: 'there is an account with this name, ignoring case' }
        : { username, done, role, isActive },
    )
  }
  return { result: outcomes, accessChanges: changes }
}

type Stored = 'added' | 'updated' | 'same' | 'taken'

async function store(
  tx: Transaction,
  before: Existing | undefined,
  wanted: Wanted,
  changes: NewAccessChange[],
): Promise<Stored> {
  // of accounts that differ in upper and lower case only, the first one came
  if (before && (before.username !== wanted.username || !isImported(before))) return 'taken'
  if (before && isSame(before, wanted)) return 'same'
  if (before) {
    const theatreIds = [...before.theatreIds, ...wanted.theatreIds]
    changes.push(...((await changeWithin(tx, before.id, { ...wanted, theatreIds })).accessChanges ?? []))
    return 'updated'
  }
  return (await add(tx, wanted)) ? 'added' : 'taken'
}

const isImported = ({ passwordHash }: Existing) => passwordHash !== null && isDjangoHash(passwordHash)

const isSame = (before: Existing, wanted: Wanted) =>
  before.passwordHash === wanted.passwordHash &&
  before.role === wanted.role &&
  before.isActive === wanted.isActive &&
  wanted.theatreIds.every((id) => before.theatreIds.includes(id))

/** The account to make, or why there can be none. */
function readUser(
  { username, password, isActive, isStaff, isSuperuser }: DjangoUser,
  { theatreIds }: ImportOptions,
): Wanted | string {
  if (password === '' || password.startsWith('!')) return 'it has no usable password'
  if (readDjangoHash(password) === null) {
    const algorithm = /^\w{1,40}(?=\$)/.exec(password)?.[0] ?? 'an unknown form'
    return `its password is hashed by ${algorithm}, which is not supported, or with parameters beyond the limits`
  }
  try {
    const role = isSuperuser ? 'admin' : isStaff ? 'staff' : 'customer'
    return {
      username: checkNewUsername(username),
      passwordHash: password,
      role,
      isActive,
      theatreIds: role === 'staff' ? theatreIds : [],
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function findExisting(tx: Transaction, names: readonly string[]): Promise<Existing[]> {
  return tx.$queryRaw<Existing[]>`
    SELECT name, id, username, password_hash AS "passwordHash", role, is_active AS "isActive",
      ARRAY(SELECT theatre_id FROM staff_theatres WHERE user_id = id) AS "theatreIds"
    FROM unnest(${names}::text[]) AS name JOIN users ON lower(username) = lower(name)
    ORDER BY id FOR NO KEY UPDATE OF users`
}

/** False: two accounts of the site differ in upper and lower case only, and the other one came first. */
async function add(tx: Transaction, { isActive, ...user }: Wanted): Promise<boolean> {
  try {
    const { principal } = await insertUser(tx, user)
    if (!isActive)
      await tx.user.update({ where: { id: principal.userId }, data: { isActive }, select: { id: true } })
    return true
  } catch (error) {
    if (error instanceof DomainError && error.code === 'username_taken') return false
    throw error
  }
}
