import { createHash } from 'node:crypto'
import { type Database, Prisma, type Transaction } from '../database/client.js'
import type { OnBehalf } from '../events/commit.js'
import type { Principal, Role } from '../principal.js'

/** How long sessions live. */
export interface SessionSettings {
  /** seconds without an HTTP request after which a session ends; does not count for sessions that are kept */
  idleSeconds: number
  /** seconds after which a session ends whatever happens */
  absoluteSeconds: number
}

/** A live session's times as of the query. Nodes count `remainingMs` down; the instants are the database's. */
export interface SessionTimes {
  /** ms until the session ends, if nothing more happens */
  remainingMs: number
  /** when that is */
  expiresAt: Date
  /** when it ends whatever happens */
  absoluteEndsAt: Date
}

export interface CurrentSession extends SessionTimes {
  /** public: names the session, opens nothing */
  id: string
  createdAt: Date
  /** the last HTTP request is long enough ago for the next one to be noted (`touch`) */
  isStale: boolean
}

/** Who is asking, and through which session. */
export interface Caller {
  principal: Principal
  session: CurrentSession
  /** the access epoch of the snapshot that all this was read from */
  epoch: number
}

/** In whose name a caller's actions are done. */
export const onBehalfOf = ({ principal, session, epoch }: Caller): OnBehalf => ({
  userId: principal.userId,
  sessionId: session.id,
  epoch,
})

/** Whose an order is: what the guard of an order's socket needs, read along with the session. */
export interface OrderOwners {
  customerId: number
  theatreId: number
}

/** What the table of sessions keeps instead of the cookie's value: a leaked row opens nothing. */
export function hashToken(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(token).digest())
}

/** Seconds within which a further HTTP request is not written down: min(60 s, 1 % of the idle age). */
export const touchSeconds = ({ idleSeconds }: SessionSettings) => Math.min(60, idleSeconds / 100)

/** When session `s` ends, by the database's clock. An idle age counts from a `last_seen_at` up to g too old. */
export function endsAt(settings: SessionSettings): Prisma.Sql {
  const idle = settings.idleSeconds + touchSeconds(settings)
  return Prisma.sql`CASE WHEN s.keep THEN s.absolute_ends_at
    ELSE least(s.absolute_ends_at, s.last_seen_at + make_interval(secs => ${idle}::float8)) END`
}

/** Does session `s` live? Judged by the database's clock alone: a node's may jump. */
export function isLive(settings: SessionSettings): Prisma.Sql {
  return Prisma.sql`now() < ${endsAt(settings)}`
}

/** The columns of `TimesRow`. */
export function timesColumns(settings: SessionSettings): Prisma.Sql {
  return Prisma.sql`${endsAt(settings)} AS expires_at, s.absolute_ends_at,
    (extract(epoch FROM ${endsAt(settings)} - now()) * 1000)::float8 AS remaining_ms`
}

export interface TimesRow {
  expires_at: Date
  absolute_ends_at: Date
  remaining_ms: number
}

export function readTimes(row: TimesRow): SessionTimes {
  return { remainingMs: row.remaining_ms, expiresAt: row.expires_at, absoluteEndsAt: row.absolute_ends_at }
}

interface LiveRow extends TimesRow {
  id: string
  created_at: Date
  is_stale: boolean
  user_id: number
  username: string
  role: Role
  theatres: { id: number; name: string }[]
  epoch: bigint
}

// One statement, so one snapshot: session, user, theatres, epoch and order belong together.
function liveColumns(settings: SessionSettings): Prisma.Sql {
  return Prisma.sql`s.id::text AS id, s.created_at, ${timesColumns(settings)},
      s.last_seen_at < now() - make_interval(secs => ${touchSeconds(settings)}::float8) AS is_stale,
      u.id AS user_id, u.username, u.role::text AS role,
      CASE WHEN u.role = 'customer' THEN '[]' ELSE (
        SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name) ORDER BY t.id), '[]')
        FROM theatres t WHERE u.role = 'admin'
          OR EXISTS (SELECT FROM staff_theatres st WHERE st.theatre_id = t.id AND st.user_id = u.id)
      ) END AS theatres,
      (SELECT epoch FROM access_epoch WHERE id = 1) AS epoch`
}

function selectLive(settings: SessionSettings, which: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT ${liveColumns(settings)} FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE ${which} AND u.is_active AND ${isLive(settings)}`
}

function readLive(row: LiveRow): Caller {
  return {
    principal: { userId: row.user_id, username: row.username, role: row.role, theatres: row.theatres },
    session: { id: row.id, createdAt: row.created_at, isStale: row.is_stale, ...readTimes(row) },
    epoch: Number(row.epoch),
  }
}

/** The live session of a cookie's token, its user and the access epoch, in one query; or null. Writes nothing. */
export async function findLive(
  db: Database | Transaction,
  token: string,
  settings: SessionSettings,
): Promise<Caller | null> {
  const rows = await db.$queryRaw<LiveRow[]>(
    selectLive(settings, Prisma.sql`s.token_hash = ${hashToken(token)}`),
  )
  return rows[0] ? readLive(rows[0]) : null
}

/** What one handshake asks: whose token is this, and whose order (null: it is about none)? */
export interface HandshakeQuestion {
  token: string
  orderId: number | null
}

/** `order` is null when there is none of that id. */
export type HandshakeSession = Caller & { order: OrderOwners | null }

/** Answers many handshakes in one query, in the order in which they asked; null: no live session. Writes nothing. */
export async function findLiveForHandshakes(
  db: Database | Transaction,
  asked: readonly HandshakeQuestion[],
  settings: SessionSettings,
): Promise<(HandshakeSession | null)[]> {
  const hashes = asked.map(({ token }) => Buffer.from(hashToken(token)).toString('hex'))
  const orderIds = asked.map(({ orderId }) => orderId ?? 0)
  const rows = await db.$queryRaw<
    (LiveRow & { place: number; order_customer_id: number | null; order_theatre_id: number | null })[]
  >`
    SELECT a.place::int AS place, o.customer_id AS order_customer_id, o.theatre_id AS order_theatre_id,
      ${liveColumns(settings)}
    FROM unnest(${hashes}::text[], ${orderIds}::int[]) WITH ORDINALITY AS a (hash, order_id, place)
    JOIN sessions s ON s.token_hash = decode(a.hash, 'hex') JOIN users u ON u.id = s.user_id
    LEFT JOIN orders o ON o.id = a.order_id
    WHERE u.is_active AND ${isLive(settings)}`
  const answers: (HandshakeSession | null)[] = asked.map(() => null)
  for (const row of rows) {
    const { order_customer_id: customerId, order_theatre_id: theatreId } = row
    const order = customerId === null || theatreId === null ? null : { customerId, theatreId }
    answers[row.place - 1] = { ...readLive(row), order }
  }
  return answers
}

/** Reads a session afresh by its public id: does it live, and what is its user now? */
export async function findLiveById(
  db: Database | Transaction,
  sessionId: string,
  settings: SessionSettings,
): Promise<Caller | null> {
  return (await findLiveByIds(db, [sessionId], settings)).get(sessionId) ?? null
}

/** The same for many, in one query. Ids that are not in the answer have ended. */
export async function findLiveByIds(
  db: Database | Transaction,
  sessionIds: readonly string[],
  settings: SessionSettings,
): Promise<Map<string, Caller>> {
  if (sessionIds.length === 0) return new Map()
  const rows = await db.$queryRaw<LiveRow[]>(
    selectLive(settings, Prisma.sql`s.id = ANY(${[...sessionIds]}::uuid[])`),
  )
  return new Map(rows.map((row) => [row.id, readLive(row)]))
}
