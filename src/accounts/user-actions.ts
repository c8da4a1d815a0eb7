import type { Transaction } from '../database/client.js'
import { conflict, forbidden, invalid, notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { NewAccessChange } from '../events/event-log.js'
import type { Principal, Role } from '../principal.js'
import { checkNewPassword, hashPassword } from './passwords.js'
import { endSession, endSessionsOf } from './session-writes.js'
import { type Account, findAccount } from './user-queries.js'
import { newUsername } from './usernames.js'

/** An admin over HTTP, whose right is checked again in the transaction; or the operator at the command line. */
export type Actor = Principal | 'operator'

export interface NewUser {
  username: string
  password: string
  role: Role
  theatreIds: readonly number[]
}

export interface UserChange {
  isActive?: boolean
  role?: Role
  theatreIds?: readonly number[]
  password?: string
}

/**
 * Makes an account. Throws 409 `username_taken` (names are compared without case), and `validation_failed` for a bad
 * name or password, an unknown theatre, or staff of none.
 */
export async function createUser(ctx: ActionContext, actor: Actor, given: NewUser): Promise<Account> {
  const username = newUsername(given.username)
  checkNewPassword(given.password, 'password')
  if (given.role === 'staff' && given.theatreIds.length === 0) {
    throw invalid('theatreIds', 'must name at least one theatre: staff belong to one or more.')
  }
  const passwordHash = await hashPassword(given.password)
  return await commit(ctx, async (tx) => {
    await holdUsers(tx, actor, null)
    const [made] = await tx.$queryRaw<{ id: number }[]>`
      INSERT INTO users (username, password_hash, role) VALUES (${username}, ${passwordHash}, ${given.role}::role)
      ON CONFLICT DO NOTHING RETURNING id`
    if (!made) throw conflict('username_taken', 'There is an account of this name already.')
    await setTheatres(tx, made.id, given.theatreIds)
    return { result: await accountOf(tx, made.id) }
  })
}

/**
 * Changes an account. Disabling it, or setting its password, ends all its sessions; a change of role or theatres ends
 * none, but what its user may no longer hear. Throws `not_found`, and `validation_failed` as `createUser`.
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
    if (!(await holdUsers(tx, actor, userId))) throw notFound('user')
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
    if (change.theatreIds) await setTheatres(tx, userId, change.theatreIds)
    const after = await accountOf(tx, userId)
    const ends = !after.isActive || passwordHash !== null
    const ended = ends ? await endSessionsOf(tx, userId) : []
    return { result: after, changes: [...ended, ...rightsChanged(before, after)] }
  })
}

/** Ends all of a user's sessions: what an operator does to a lost device. Returns how many. */
export function revokeSessions(ctx: ActionContext, actor: Actor, userId: number): Promise<number> {
  return commit(ctx, async (tx) => {
    if (!(await holdUsers(tx, actor, userId))) throw notFound('user')
    const changes = await endSessionsOf(tx, userId)
    return { result: changes.length, changes }
  })
}

/** Ends one session of a user. Throws `not_found` for one that is not the user's. */
export function revokeSession(
  ctx: ActionContext,
  actor: Actor,
  userId: number,
  sessionId: string,
): Promise<void> {
  return commit(ctx, async (tx) => {
    await holdUsers(tx, actor, userId)
    const changes = await endSession(tx, sessionId, userId)
    if (changes.length === 0) throw notFound('session')
    return { result: undefined, changes }
  })
}

/** Enabling alone is no change: nobody listens for a user who had no session. */
function rightsChanged(before: Account, after: Account): NewAccessChange[] {
  const rights = ({ principal }: Account) =>
    JSON.stringify([principal.role, principal.theatres.map(({ id }) => id)])
  const disabled = before.isActive && !after.isActive
  if (!disabled && rights(before) === rights(after)) return []
  return [{ kind: 'user_changed', userId: after.principal.userId, sessionId: null }]
}

/**
 * Locks the rows of the actor and of the user to be changed to the commit, in the order of ids, so that two admins
 * who change each other don't deadlock. Throws `forbidden` when the actor is no active admin any more. Returns
 * whether the user is there.
 */
async function holdUsers(tx: Transaction, actor: Actor, userId: number | null): Promise<boolean> {
  const actorId = actor === 'operator' ? null : actor.userId
  const ids = [actorId, userId].filter((id) => id !== null)
  const rows = await tx.$queryRaw<{ id: number; rules: boolean }[]>`
    SELECT id, is_active AND role = 'admin' AS rules FROM users WHERE id = ANY(${ids}::int[])
    ORDER BY id FOR NO KEY UPDATE`
  if (actorId !== null && !rows.some((row) => row.id === actorId && row.rules)) throw forbidden()
  return rows.some((row) => row.id === userId)
}

async function setTheatres(tx: Transaction, userId: number, theatreIds: readonly number[]): Promise<void> {
  const ids = [...new Set(theatreIds)]
  const known = await tx.theatre.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const unknown = ids.filter((id) => !known.some((theatre) => theatre.id === id))
  if (unknown.length > 0) throw invalid('theatreIds', `there is no theatre ${unknown.join(', ')}.`)
  await tx.staffTheatre.deleteMany({ where: { userId, theatreId: { notIn: ids } } })
  await tx.staffTheatre.createMany({
    data: ids.map((theatreId) => ({ userId, theatreId })),
    skipDuplicates: true,
  })
}

async function accountOf(tx: Transaction, userId: number): Promise<Account> {
  const account = await findAccount(tx, userId)
  if (!account) throw notFound('user')
  return account
}
