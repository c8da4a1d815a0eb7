import type { Transaction } from '../database/client.js'
import { conflict, forbidden, invalid, notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { NewAccessChange } from '../events/event-log.js'
import type { Principal, Role } from '../principal.js'
import { checkNewPassword, hashPassword } from './passwords.js'
import { endSession, endSessionsOf } from './session-writes.js'
import { type Account, findAccount } from './user-queries.js'
import { checkNewUsername } from './usernames.js'

/** An admin over HTTP, whose rights are checked again in the transaction, or the operator at the command line. */
export type Actor = Principal | 'operator'

export interface NewUser {
  username: string
  password: string
  role: Role
  theatreIds: readonly number[]
  /** those of the theatres that the user manages; none if missing */
  managerOf?: readonly number[]
}

/** What is missing stays as it is. */
export interface UserChange {
  isActive?: boolean
  role?: Role
  theatreIds?: readonly number[]
  managerOf?: readonly number[]
  password?: string
}

/**
 * Creates an account. Throws 409 `username_taken` (names are compared ignoring case), and `validation_failed` for an
 * invalid name or password, an unknown theatre, or staff without a theatre.
 */
export async function createUser(ctx: ActionContext, actor: Actor, given: NewUser): Promise<Account> {
  const username = checkNewUsername(given.username)
  checkNewPassword(given.password, 'password')
  if (given.role === 'staff' && given.theatreIds.length === 0) {
    throw invalid('theatreIds', 'must contain at least one theatre: staff belong to one or more.')
  }
  const passwordHash = await hashPassword(given.password)
  return await commit(ctx, async (tx) => {
    await lockUsers(tx, actor, null)
    const account = await insertUser(tx, { ...given, username, passwordHash })
    return { result: account, changedTheatres: given.theatreIds }
  })
}

/** Stores a new account, within the caller's transaction. Throws 409 `username_taken`, and for an unknown theatre. */
export async function insertUser(
  tx: Transaction,
  given: Omit<NewUser, 'password'> & { passwordHash: string },
): Promise<Account> {
  const { username, passwordHash, role } = given
  const [created] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO users (username, password_hash, role) VALUES (${username}, ${passwordHash}, ${role}::role)
    ON CONFLICT DO NOTHING RETURNING id`
  if (!created) throw conflict('username_taken', 'There is already an account with this name.')
  await setTheatres(tx, created.id, given)
  return await accountOf(tx, created.id)
}

/**
 * Changes an account. Disabling it or setting its password ends all its sessions. A change of role or theatres ends no
 * session, only the subscriptions that the user has lost the right to. Throws `not_found`, and `validation_failed` as
 * `createUser` does.
 */
export async function updateUser(
  ctx: ActionContext,
  actor: Actor,
  userId: number,
  change: UserChange,
): Promise<Account> {
  if (change.password !== undefined) checkNewPassword(change.password, 'password')
  const passwordHash = change.password === undefined ? null : await hashPassword(change.password)
  return await commit(ctx, async (tx) => {
    if (!(await lockUsers(tx, actor, userId))) throw notFound('user')
    return await changeWithin(tx, userId, { ...change, passwordHash })
  })
}

/**
 * Changes an account whose row is locked, within the caller's transaction, which then ends the rights that went. Whether the
 * caller may do it is the caller's check.
 */
export async function changeWithin(
  tx: Transaction,
  userId: number,
  { passwordHash, ...change }: Omit<UserChange, 'password'> & { passwordHash: string | null },
): Promise<Outcome<Account>> {
  const before = await accountOf(tx, userId)
  await tx.user.update({
    where: { id: userId },
    data: {
      ...(change.isActive === undefined ? {} : { isActive: change.isActive }),
      ...(change.role === undefined ? {} : { role: change.role }),
      ...(passwordHash === null ? {} : { passwordHash }),
    },
    select: { id: true },
  })
  if (change.theatreIds || change.managerOf) await setTheatres(tx, userId, change)
  const after = await accountOf(tx, userId)
  const ends = !after.isActive || passwordHash !== null
  const ended = ends ? await endSessionsOf(tx, userId) : []
  const theatres = new Set([before, after].flatMap(({ principal }) => principal.theatres.map(({ id }) => id)))
  return {
    result: after,
    accessChanges: [...ended, ...rightsChanged(before, after)],
    changedTheatres: [...theatres],
  }
}

/** Ends all of a user's sessions, for a lost device, say. Returns how many. Throws `not_found`. */
export function revokeSessions(ctx: ActionContext, actor: Actor, userId: number): Promise<number> {
  return commit(ctx, async (tx) => {
    if (!(await lockUsers(tx, actor, userId))) throw notFound('user')
    const changes = await endSessionsOf(tx, userId)
    return { result: changes.length, accessChanges: changes }
  })
}

/** Ends one session of a user. Throws `not_found` for a session of another user, as for a missing one. */
export function revokeSession(
  ctx: ActionContext,
  actor: Actor,
  userId: number,
  sessionId: string,
): Promise<void> {
  return commit(ctx, async (tx) => {
    await lockUsers(tx, actor, userId)
    const changes = await endSession(tx, sessionId, userId)
    if (changes.length === 0) throw notFound('session')
    return { result: undefined, accessChanges: changes }
  })
}

/** Enabling alone changes no rights: a disabled user has no session, so no sockets either. */
function rightsChanged(before: Account, after: Account): NewAccessChange[] {
  const rights = ({ principal }: Account) =>
    JSON.stringify([principal.role, principal.theatres.map(({ id, manager }) => [id, manager])])
  const disabled = before.isActive && !after.isActive
  if (!disabled && rights(before) === rights(after)) return []
  return [{ kind: 'user_changed', userId: after.principal.userId, sessionId: null }]
}

/**
 * Locks the rows of the actor and of the user to change until the commit, in the order of their ids, so that two admins
 * who change each other don't deadlock. Throws `forbidden` when the actor is no longer an active admin. Returns whether
 * the user exists.
 */
async function lockUsers(tx: Transaction, actor: Actor, userId: number | null): Promise<boolean> {
  const actorId = actor === 'operator' ? null : actor.userId
  const ids = [actorId, userId].filter((id) => id !== null)
  const rows = await tx.$queryRaw<{ id: number; isAdmin: boolean }[]>`
    SELECT id, is_active AND role = 'admin' AS "isAdmin" FROM users WHERE id = ANY(${ids}::int[])
    ORDER BY id FOR NO KEY UPDATE`
  if (actorId !== null && !rows.some((row) => row.id === actorId && row.isAdmin)) throw forbidden()
  return rows.some((row) => row.id === userId)
}

/** Sets the memberships; a manager who is not named in `theatreIds` is refused. */
async function setTheatres(
  tx: Transaction,
  userId: number,
  { theatreIds, managerOf }: Pick<UserChange, 'theatreIds' | 'managerOf'>,
): Promise<void> {
  const before = await tx.staffTheatre.findMany({ where: { userId } })
  const ids = [...new Set(theatreIds ?? before.map(({ theatreId }) => theatreId))]
  const managed = managerOf ?? before.filter(({ manager }) => manager).map(({ theatreId }) => theatreId)
  const known = await tx.theatre.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const unknown = ids.filter((id) => !known.some((theatre) => theatre.id === id))
  if (unknown.length > 0) throw invalid('theatreIds', `there is no theatre ${unknown.join(', ')}.`)
  const foreign = managerOf?.filter((id) => !ids.includes(id)) ?? []
  if (foreign.length > 0) {
    throw invalid('managerOf', `must be among the user's theatres: ${foreign.join(', ')} is not.`)
  }
  await tx.staffTheatre.deleteMany({ where: { userId } })
  await tx.staffTheatre.createMany({
    data: ids.map((theatreId) => ({ userId, theatreId, manager: managed.includes(theatreId) })),
  })
}

async function accountOf(tx: Transaction, userId: number): Promise<Account> {
  const account = await findAccount(tx, userId)
  if (!account) throw notFound('user')
  return account
}
