import { randomBytes } from 'node:crypto'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import type { NewAccessChange } from '../events/event-log.js'
import {
  hashToken,
  isLive,
  readTimes,
  type SessionSettings,
  type SessionTimes,
  type TimesRow,
  timesColumns,
} from './sessions.js'

/** Where a session was opened, for its owner's list of sessions. */
export interface ClientInfo {
  userAgent: string
  ip: string
}

/** A new session, or one with a new token. `token` goes into the cookie and nowhere else. */
export interface IssuedSession extends SessionTimes {
  id: string
  token: string
  createdAt: Date
}

const USER_AGENT_LENGTH = 300
/** the uuid form; PostgreSQL would throw on anything else */
const SESSION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** 256 random bits */
const newToken = () => randomBytes(32).toString('base64url')

interface IssuedRow extends TimesRow {
  id: string
  created_at: Date
}

function readIssued(rows: IssuedRow[], token: string, readAt: number): IssuedSession | null {
  const [row] = rows
  return row ? { id: row.id, token, createdAt: row.created_at, ...readTimes(row, readAt) } : null
}

/** Opens a session. With `keep` it has no idle timeout, only an absolute lifetime. */
export async function startSession(
  tx: Transaction,
  { userId, keep, client }: { userId: number; keep: boolean; client: ClientInfo },
  settings: SessionSettings,
): Promise<IssuedSession> {
  const token = newToken()
  const readAt = performance.now()
  const rows = await tx.$queryRaw<IssuedRow[]>`
    INSERT INTO sessions AS s (token_hash, user_id, created_at, last_seen_at, absolute_ends_at, keep, user_agent, ip)
    VALUES (${hashToken(token)}, ${userId}::int, now(), now(),
      now() + make_interval(secs => ${settings.absoluteSeconds}::float8),
      ${keep}, ${client.userAgent.slice(0, USER_AGENT_LENGTH)}, ${client.ip.slice(0, 64)})
    RETURNING s.id::text AS id, s.created_at, ${timesColumns(settings)}`
  const session = readIssued(rows, token, readAt)
  if (!session) throw new Error('the session was not stored')
  return session
}

/**
 * Gives a live session a new token and invalidates the old one; the public id stays. Null if it has ended meanwhile.
 */
export async function rotateSession(
  tx: Transaction,
  sessionId: string,
  settings: SessionSettings,
): Promise<IssuedSession | null> {
  const token = newToken()
  const readAt = performance.now()
  const rows = await tx.$queryRaw<IssuedRow[]>`
    UPDATE sessions AS s SET token_hash = ${hashToken(token)}, last_seen_at = now()
    WHERE s.id = ${sessionId}::uuid AND ${isLive(settings)}
    RETURNING s.id::text AS id, s.created_at, ${timesColumns(settings)}`
  return readIssued(rows, token, readAt)
}

/**
 * Restarts the idle timeout after an HTTP request. Returns null if the session has ended: a slow request can't revive it.
 */
export async function touch(
  db: Queryable,
  sessionId: string,
  settings: SessionSettings,
): Promise<SessionTimes | null> {
  const readAt = performance.now()
  const rows = await db.$queryRaw<TimesRow[]>`
    UPDATE sessions AS s SET last_seen_at = greatest(s.last_seen_at, now()) FROM users AS u
    WHERE s.id = ${sessionId}::uuid AND u.id = s.user_id AND u.is_active AND ${isLive(settings)}
    RETURNING ${timesColumns(settings)}`
  return rows[0] ? readTimes(rows[0], readAt) : null
}

interface EndedRow {
  id: string
  user_id: number
}

const changesOf = (rows: EndedRow[]): NewAccessChange[] =>
  rows.map((row) => ({ kind: 'session_ended', sessionId: row.id, userId: row.user_id }))

/**
 * Ends one session, if it exists and belongs to the user. The caller must pass the changes it returns to `commit`, or
 * other nodes would go on serving the session's sockets.
 */
export async function endSession(
  tx: Transaction,
  sessionId: string,
  userId: number,
): Promise<NewAccessChange[]> {
  if (!SESSION_ID.test(sessionId)) return []
  return changesOf(
    await tx.$queryRaw<EndedRow[]>`
      DELETE FROM sessions WHERE id = ${sessionId}::uuid AND user_id = ${userId}::int
      RETURNING id::text AS id, user_id`,
  )
}

/**
 * Ends all of a user's sessions, or all but one. The caller has locked the user's row, so that two calls can't
 * deadlock, and passes the changes to `commit`.
 */
export async function endSessionsOf(
  tx: Transaction,
  userId: number,
  exceptSessionId: string | null = null,
): Promise<NewAccessChange[]> {
  return changesOf(
    await tx.$queryRaw<EndedRow[]>`
      DELETE FROM sessions WHERE user_id = ${userId}::int AND id IS DISTINCT FROM ${exceptSessionId}::uuid
      RETURNING id::text AS id, user_id`,
  )
}

export interface ListedSession {
  id: string
  createdAt: Date
  lastSeenAt: Date
  userAgent: string
  ip: string
}

/** A user's live sessions, the most recently used first. */
export async function listSessions(
  db: Database | Transaction,
  userId: number,
  settings: SessionSettings,
): Promise<ListedSession[]> {
  return await db.$queryRaw<ListedSession[]>`
    SELECT s.id::text AS id, s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt",
      s.user_agent AS "userAgent", s.ip
    FROM sessions s WHERE s.user_id = ${userId}::int AND ${isLive(settings)}
    ORDER BY s.last_seen_at DESC, s.id`
}

/** The user id of a session's owner, by the session's public id; null when there is no such session. */
export async function findSessionOwner(
  db: Database | Transaction,
  sessionId: string,
): Promise<number | null> {
  if (!SESSION_ID.test(sessionId)) return null
  const session = await db.session.findUnique({ where: { id: sessionId }, select: { userId: true } })
  return session?.userId ?? null
}

/**
 * Deletes expired sessions, and guests without a session, an order or a message. In batches, so that locks are short;
 * rows that are locked are left for the next run. Returns how many sessions were deleted.
 */
export async function deleteExpiredSessions(
  db: Database,
  settings: SessionSettings,
  batch = 1000,
): Promise<number> {
  const sessions = await inBatches(
    db,
    batch,
    Prisma.sql`DELETE FROM sessions WHERE id IN (
      SELECT s.id FROM sessions s WHERE NOT (${isLive(settings)}) LIMIT ${batch}::int FOR UPDATE SKIP LOCKED)`,
  )
  await inBatches(
    db,
    batch,
    Prisma.sql`DELETE FROM users WHERE id IN (
      SELECT u.id FROM users u
      WHERE u.role = 'customer' AND u.password_hash IS NULL AND u.created_at < now() - interval '1 hour'
        AND NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id)
        AND NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = u.id)
        AND NOT EXISTS (SELECT FROM chat_messages m WHERE m.sender_id = u.id)
      LIMIT ${batch}::int FOR UPDATE SKIP LOCKED)`,
  )
  return sessions
}

async function inBatches(db: Database, batch: number, statement: Prisma.Sql): Promise<number> {
  let total = 0
  for (;;) {
    const count = await db.$executeRaw(statement)
    total += count
    if (count < batch) return total
  }
}
