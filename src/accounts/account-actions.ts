import type { QueuePriority } from '../concurrency/fair-queue.js'
import type { Database, Transaction } from '../database/client.js'
import { DomainError, notFound, unauthenticated } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { NewAccessChange } from '../events/event-log.js'
import type { Principal } from '../principal.js'
import { type DeviceMark, isKnownOn } from './device-mark.js'
import { isDjangoHash } from './django-hashes.js'
import { findImportedKinds } from './imported-hashes.js'
import { checkInTurn, checkNewPassword, hashPassword, verifyPassword } from './passwords.js'
import {
  type ClientInfo,
  endSession,
  endSessionsOf,
  type IssuedSession,
  rotateSession,
  startSession,
} from './session-writes.js'
import { type Caller, findLiveById, type SessionSettings } from './sessions.js'
import { guestUsername, isSameUsername, isUsername, normalizeUsername } from './usernames.js'

/** What the actions on accounts need besides the database and the publisher. */
export interface AccountContext extends ActionContext {
  sessions: SessionSettings
  throttle: {
    /** Counts an attempt before the password is verified; `succeeded` takes it back. Throws 429. */
    attempt(signIn: {
      username: string
      ip: string
      recognizedAs: string | null
    }): Promise<{ priority: QueuePriority; succeeded(): Promise<void> }>
  }
}

/** A new session: the token is for the cookie, the caller for the response. */
export interface OpenedSession {
  caller: Caller
  token: string
}

const invalidCredentials = () =>
  new DomainError(401, 'invalid_credentials', 'The username or the password is wrong.')

/**
 * Signs in, and ends the caller's previous session in the same transaction. An unknown name, a wrong password and a
 * disabled account give the same error after the same work: 401 `invalid_credentials`. Throws 429 after too many
 * attempts. An imported hash is replaced by one of ours.
 */
export async function login(
  ctx: AccountContext,
  given: { username: string; password: string; keep: boolean; mark?: DeviceMark | null },
  previous: Caller | null,
  client: ClientInfo,
): Promise<OpenedSession> {
  const { password, mark = null } = given
  const username = normalizeUsername(given.username)
  // nobody but this user holds the session
  const isOwnSession = previous !== null && isSameUsername(previous.principal.username, username)
  const ownSession = isOwnSession ? `session ${previous.session.id}` : null
  const recognizedAs = isKnownOn(mark, username) ? `device ${mark.id}` : ownSession
  const attempt = await ctx.throttle.attempt({ username, ip: client.ip, recognizedAs })
  const imported = await findImportedKinds(ctx.db)
  const account = await checkInTurn(attempt.priority, async () => {
    const found = await findAccount(ctx.db, username)
    const usable = found?.isActive ? found : null
    return (await verifyPassword(usable?.passwordHash ?? null, password, imported)) ? usable : null
  })
  if (!account) throw invalidCredentials()
  await attempt.succeeded()
  const current = await renewHash(ctx, account, password)
  return await commit(ctx, async (tx) => {
    // the account may have changed while the hash was computed
    if (!(await lockAccount(tx, account.id, current))) throw invalidCredentials()
    const changes = previous ? await endSession(tx, previous.session.id, previous.principal.userId) : []
    const opened = await openSession(tx, { userId: account.id, keep: given.keep, client }, ctx.sessions)
    return { result: opened, accessChanges: changes }
  })
}

/** Creates a guest and the guest's session. */
export function openGuest(ctx: AccountContext, client: ClientInfo): Promise<OpenedSession> {
  return commit(ctx, async (tx) => {
    const { id } = await tx.user.create({
      data: { username: guestUsername(), role: 'customer' },
      select: { id: true },
    })
    // guests cannot sign in again, so only the absolute age counts
    return { result: await openSession(tx, { userId: id, keep: true, client }, ctx.sessions) }
  })
}

/** Ends the caller's session on every node. */
export function logout(ctx: ActionContext, { principal, session }: Caller): Promise<void> {
  return commit(ctx, async (tx) => ({
    result: undefined,
    accessChanges: await endSession(tx, session.id, principal.userId),
  }))
}

/** Ends one of the caller's sessions. Throws `not_found` for someone else's session, as for a missing one. */
export function endOwnSession(ctx: AccountContext, caller: Caller, sessionId: string): Promise<void> {
  return commit(ctx, async (tx) => {
    await lockCaller(tx, caller, ctx.sessions)
    const changes = await endSession(tx, sessionId, caller.principal.userId)
    if (changes.length === 0) throw notFound('session')
    return { result: undefined, accessChanges: changes }
  })
}

/** Ends all of the caller's sessions except the current one. */
export function endOtherSessions(ctx: AccountContext, caller: Caller): Promise<void> {
  return commit(ctx, async (tx) => {
    await lockCaller(tx, caller, ctx.sessions)
    return {
      result: undefined,
      accessChanges: await endSessionsOf(tx, caller.principal.userId, caller.session.id),
    }
  })
}

/**
 * Changes the caller's own password. The caller's session keeps its id and gets a new token; all the user's other
 * sessions end. Throws 401 `invalid_credentials` for a wrong current password, 429 after too many attempts.
 */
export async function changePassword(
  ctx: AccountContext,
  { principal, session }: Caller,
  given: { currentPassword: string; newPassword: string },
  client: ClientInfo,
): Promise<IssuedSession> {
  checkNewPassword(given.newPassword, 'newPassword')
  const { username } = principal
  const attempt = await ctx.throttle.attempt({
    username,
    ip: client.ip,
    recognizedAs: `session ${session.id}`,
  })
  const imported = await findImportedKinds(ctx.db)
  const account = await checkInTurn(attempt.priority, async () => {
    const found = await accountOf(ctx.db, principal)
    return (await verifyPassword(found?.passwordHash ?? null, given.currentPassword, imported)) ? found : null
  })
  if (!account) throw invalidCredentials()
  await attempt.succeeded()
  const newHash = await hashPassword(given.newPassword)
  return await commit(ctx, async (tx) => {
    if (!(await lockAccount(tx, principal.userId, account.passwordHash))) throw unauthenticated()
    const renewed = await rotateSession(tx, session.id, ctx.sessions)
    if (!renewed) throw unauthenticated()
    await tx.user.update({
      where: { id: principal.userId },
      data: { passwordHash: newHash },
      select: { id: true },
    })
    // actions in flight that authenticated with the old token fail when they commit
    const renewal: NewAccessChange = { kind: 'user_changed', userId: principal.userId, sessionId: null }
    return {
      result: renewed,
      accessChanges: [...(await endSessionsOf(tx, principal.userId, session.id)), renewal],
    }
  })
}

interface Account {
  id: number
  passwordHash: string | null
  isActive: boolean
}

/**
 * Replaces an account's imported hash by one of ours, now that its password is known to be right, and returns what the account
 * has then. Of two sign-ins at the same time one does it; the other takes the result if the password is right for that too.
 */
async function renewHash(
  ctx: AccountContext,
  { id, passwordHash }: Account,
  password: string,
): Promise<string | null> {
  if (passwordHash === null || !isDjangoHash(passwordHash)) return passwordHash
  const renewed = await hashPassword(password)
  const { count } = await ctx.db.user.updateMany({
    where: { id, passwordHash },
    data: { passwordHash: renewed },
  })
  if (count === 1) return renewed
  const now = await ctx.db.user.findUnique({ where: { id }, select: { passwordHash: true } })
  const other = now?.passwordHash ?? null
  return (await verifyPassword(other, password)) ? other : null
}

/** @param username normalized */
async function findAccount(db: Database, username: string): Promise<Account | null> {
  if (!isUsername(username)) return null
  const rows = await db.$queryRaw<Account[]>`
    SELECT id, password_hash AS "passwordHash", is_active AS "isActive"
    FROM users WHERE lower(username) = lower(${username})`
  return rows[0] ?? null
}

function accountOf(db: Database, { userId }: Principal): Promise<{ passwordHash: string | null } | null> {
  return db.user.findUnique({ where: { id: userId }, select: { passwordHash: true } })
}

/**
 * Locks the user's row until the commit; returns false if the account is no longer active or its password no longer the
 * one verified. Disabling takes the same lock, so it either ends the session created here or prevents it.
 */
async function lockAccount(tx: Transaction, userId: number, passwordHash: string | null): Promise<boolean> {
  const rows = await tx.$queryRaw<{ id: number }[]>`
    SELECT id FROM users WHERE id = ${userId}::int AND is_active AND password_hash = ${passwordHash}
    FOR NO KEY UPDATE`
  return rows.length > 0
}

/**
 * Locks the user's row, then checks that the session still lives: a statement sees only commits from before it began.
 */
async function lockCaller(tx: Transaction, { principal, session }: Caller, settings: SessionSettings) {
  await tx.$queryRaw`SELECT id FROM users WHERE id = ${principal.userId}::int FOR NO KEY UPDATE`
  if (!(await findLiveById(tx, session.id, settings))) throw unauthenticated()
}

async function openSession(
  tx: Transaction,
  whose: { userId: number; keep: boolean; client: ClientInfo },
  settings: SessionSettings,
): Promise<OpenedSession> {
  const { token, id } = await startSession(tx, whose, settings)
  const caller = await findLiveById(tx, id, settings)
  if (!caller) throw new Error('the new session was not found')
  return { token, caller }
}
