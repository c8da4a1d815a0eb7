import { isTheatreManager, requireManagedTheatre } from '../access/theatre-access.js'
import type { Database, Transaction } from '../database/client.js'
import { conflict, DomainError, forbidden, notFound } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { Principal } from '../principal.js'
import { checkNewPassword, hashPassword } from './passwords.js'
import { changeWithin, insertUser } from './user-actions.js'
import { type Account, findAccount } from './user-queries.js'
import { checkNewUsername, isUsername, normalizeUsername } from './usernames.js'

// What the managers of a theatre do with accounts: everything within their theatre, and nothing that reaches another one.

/** An account as one of its theatres knows it. */
export interface StaffMember {
  id: number
  username: string
  isActive: boolean
  /** false: it no longer belongs to the theatre */
  member: boolean
  manager: boolean
  createdAt: Date
}

export interface NewStaffMember {
  username: string
  /** null: an account that exists joins the theatre */
  password: string | null
  manager: boolean
}

/** What is missing stays as it is. */
export interface StaffChange {
  /** false: leaves the theatre */
  member?: boolean
  manager?: boolean
  isActive?: boolean
  password?: string
}

/** The staff of a theatre, by name. Throws as `requireManagedTheatre` does. */
export async function listStaff(
  db: Database,
  principal: Principal,
  theatreId: number,
): Promise<StaffMember[]> {
  await requireManagedTheatre(db, principal, theatreId)
  return await findStaff(db, theatreId)
}

/** The same for a caller whose right to it is known. */
export async function findStaff(db: Database, theatreId: number): Promise<StaffMember[]> {
  const rows = await db.staffTheatre.findMany({
    where: { theatreId, user: { role: 'staff' } },
    select: {
      manager: true,
      user: { select: { id: true, username: true, isActive: true, createdAt: true } },
    },
    orderBy: { user: { username: 'asc' } },
  })
  return rows.map(({ manager, user }) => ({ ...user, member: true, manager }))
}

/**
 * Makes an account for a theatre, or lets one that exists join it. Throws `validation_failed`, 409 `username_taken` for a new
 * account, `not_found` for one that should exist, 409 `already_staff`, and as `requireManagedTheatre` does.
 */
export async function addStaff(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  { username, password, manager }: NewStaffMember,
): Promise<StaffMember> {
  await requireManagedTheatre(ctx.db, principal, theatreId)
  if (password === null) return await joinTheatre(ctx, principal, theatreId, { username, manager })
  const name = checkNewUsername(username)
  checkNewPassword(password, 'password')
  const passwordHash = await hashPassword(password)
  return await commit(ctx, async (tx) => {
    await lockUsers(tx, principal, theatreId, null)
    const account = await insertUser(tx, {
      username: name,
      passwordHash,
      role: 'staff',
      theatreIds: [theatreId],
      managerOf: manager ? [theatreId] : [],
    })
    return { result: memberOf(account, theatreId), changedTheatres: [theatreId] }
  })
}

async function joinTheatre(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  { username, manager }: Omit<NewStaffMember, 'password'>,
): Promise<StaffMember> {
  if (!isUsername(username)) throw notFound('staff account')
  return await commit(ctx, async (tx) => {
    const [found] = await tx.$queryRaw<{ id: number }[]>`
      SELECT id FROM users WHERE lower(username) = lower(${normalizeUsername(username)}) AND role = 'staff'`
    if (!found) throw notFound('staff account')
    await lockUsers(tx, principal, theatreId, found.id)
    const memberships = await membershipsOf(tx, found.id)
    if (memberships.some((each) => each.theatreId === theatreId)) {
      throw conflict('already_staff', 'This account belongs to the theatre already.')
    }
    const all = [...memberships, { theatreId, manager }]
    const { result, ...outcome } = await changeWithin(tx, found.id, toChange(all))
    return { ...outcome, result: memberOf(result, theatreId) }
  })
}

/**
 * Changes an account within a theatre. Its rights end, on open sockets too, as with an admin's change. Throws `not_found` for an account
 * that is not of the theatre's staff, as for a missing one, 403 `shared_account` for what would reach beyond the caller's theatres,
 * 409 `own_account` for the caller's own, and as `addStaff` does.
 */
export async function changeStaff(
  ctx: ActionContext,
  principal: Principal,
  theatreId: number,
  userId: number,
  { member = true, manager, isActive, password }: StaffChange,
): Promise<StaffMember> {
  await requireManagedTheatre(ctx.db, principal, theatreId)
  if (password !== undefined) checkNewPassword(password, 'password')
  const passwordHash = password === undefined ? null : await hashPassword(password)
  return await commit(ctx, async (tx) => {
    await lockUsers(tx, principal, theatreId, userId)
    const account = await findAccount(tx, userId)
    const memberships = await membershipsOf(tx, userId)
    const own = memberships.find((each) => each.theatreId === theatreId)
    if (!account || !own || account.principal.role === 'customer') throw notFound('staff account')
    if (userId === principal.userId) {
      throw conflict('own_account', 'Another manager or an admin must change your own account.')
    }
    if (isActive !== undefined || passwordHash !== null) {
      refuseShared(await managedBy(tx, principal), account, memberships)
    }
    const others = memberships.filter((each) => each !== own)
    const all = member ? [...others, { theatreId, manager: manager ?? own.manager }] : others
    const change = { ...toChange(all, passwordHash), ...(isActive === undefined ? {} : { isActive }) }
    const { result, ...outcome } = await changeWithin(tx, userId, change)
    return { ...outcome, result: memberOf(result, theatreId, all) }
  })
}

interface Membership {
  theatreId: number
  manager: boolean
}

/** Stored ones: those of an account that is no staff at the moment as well. */
const membershipsOf = (tx: Transaction, userId: number): Promise<Membership[]> =>
  tx.staffTheatre.findMany({ where: { userId }, select: { theatreId: true, manager: true } })

const toChange = (memberships: readonly Membership[], passwordHash: string | null = null) => ({
  theatreIds: memberships.map(({ theatreId }) => theatreId),
  managerOf: memberships.filter(({ manager }) => manager).map(({ theatreId }) => theatreId),
  passwordHash,
})

function memberOf(
  { principal, isActive, createdAt }: Account,
  theatreId: number,
  memberships: readonly Membership[] = principal.theatres.map(({ id, manager }) => ({
    theatreId: id,
    manager,
  })),
): StaffMember {
  const own = memberships.find((each) => each.theatreId === theatreId)
  const { userId: id, username } = principal
  return { id, username, isActive, member: own !== undefined, manager: own?.manager ?? false, createdAt }
}

/** The theatres that the caller manages, as stored now; null: all. */
async function managedBy(tx: Transaction, { userId, role }: Principal): Promise<number[] | null> {
  if (role === 'admin') return null
  const own = await membershipsOf(tx, userId)
  return own.filter(({ manager }) => manager).map(({ theatreId }) => theatreId)
}

/** A password opens, and disabling closes, every theatre of an account. */
function refuseShared(
  managed: readonly number[] | null,
  { principal: { role } }: Account,
  memberships: readonly Membership[],
): void {
  const isShared = managed !== null && memberships.some(({ theatreId }) => !managed.includes(theatreId))
  if (role !== 'admin' && !isShared) return
  throw new DomainError(
    403,
    'shared_account',
    'This account reaches beyond your theatres: only an admin can disable it or set its password.',
  )
}

/**
 * Locks the rows of the caller and of the account to change until the commit, in the order of their ids. Throws `forbidden` when the
 * caller no longer decides for the theatre.
 */
async function lockUsers(
  tx: Transaction,
  { userId: callerId }: Principal,
  theatreId: number,
  userId: number | null,
): Promise<void> {
  const ids = [callerId, userId].filter((id) => id !== null)
  await tx.$queryRaw`SELECT id FROM users WHERE id = ANY(${ids}::int[]) ORDER BY id FOR NO KEY UPDATE`
  // a statement of its own: it sees what was committed while the locks were waited for
  const caller = await findAccount(tx, callerId)
  if (!caller?.isActive || !isTheatreManager(caller.principal, theatreId)) throw forbidden()
}
