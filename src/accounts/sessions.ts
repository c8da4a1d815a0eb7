import { createHash } from 'node:crypto'
import type { OrderOwner } from '../access/order-access.js'
import { Prisma, type Queryable } from '../database/client.js'
import type { OnBehalf } from '../events/event-log.js'
import type { Principal, Role } from '../principal.js'

/** How long sessions last. */
export interface SessionSettings {
  /** seconds without an HTTP request after which a session ends, unless it has `keep` */
  idleSeconds: number
  /** seconds after which a session ends, even when active */
  absoluteSeconds: number
}

/** A live session's times as of the query. Nodes count `remainingMs` down; the dates are by the database's clock. */
export interface SessionTimes {
  /** ms from `readAt` until the session ends, unless a request prolongs it */
  remainingMs: number
  /** performance.now() just before the query was sent: a slow answer must not prolong the session */
  readAt: number
  /** the same as a date */
  expiresAt: Date
  /** when it ends, even when active */
  absoluteEndsAt: Date
}

export interface CurrentSession extends SessionTimes {
  /** public: identifies the session but grants no access */
  id: string
  /** SHA-256 of the token, in hex: a password change replaces the token, and the id stays */
  tokenHash: string
  createdAt: Date
  /** `lastSeenAt` is old enough for the next HTTP request to update it (`touch`) */
  isStale: boolean
}

/** An authenticated user and the session used. */
export interface Caller {
  principal: Principal
  session: CurrentSession
  /** the access epoch in the database snapshot that this was read from */
  epoch: number
}

/** The identity that `commit` checks again before it commits a caller's action. */
export const onBehalfOf = ({ principal, session, epoch }: Caller): OnBehalf => ({
  userId: principal.userId,
  sessionId: session.id,
  epoch,
})

/** What the sessions table stores instead of the cookie's value, so that a leaked table grants no access. */
export function hashToken(token: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(token).digest())
}

/** Seconds for which further HTTP requests don't update `last_seen_at`: min(60 s, 1 % of the idle age). */
const touchSeconds = ({ idleSeconds }: SessionSettings) => Math.min(60, idleSeconds / 100)

/** When session `s` ends. `last_seen_at` may be `touchSeconds` too old, so the idle age is extended by as much. */
export function endsAt(settings: SessionSettings): Prisma.Sql {
  const idle = settings.idleSeconds + touchSeconds(settings)
  return Prisma.sql`CASE WHEN s.keep THEN s.absolute_ends_at
    ELSE least(s.absolute_ends_at, s.last_seen_at + make_interval(secs => ${idle}::float8)) END`
}

/** Whether session `s` is live, by the database's clock: a node's clock may jump. */
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

export function readTimes(row: TimesRow, readAt: number): SessionTimes {
  return {
    remainingMs: row.remaining_ms,
    readAt,
    expiresAt: row.expires_at,
    absoluteEndsAt: row.absolute_ends_at,
  }
}

interface LiveRow extends TimesRow {
  id: string
  token_hash: string
  created_at: Date
  is_stale: boolean
  user_id: number
  username: string
  role: Role
  theatres: Principal['theatres']
  epoch: bigint
}

// One statement, so that session, user, theatres, epoch and order come from one snapshot.
function liveColumns(settings: SessionSettings): Prisma.Sql {
  return Prisma.sql`s.id::text AS id, encode(s.token_hash, 'hex') AS token_hash, s.created_at, ${timesColumns(settings)},
      s.last_seen_at < now() - make_interval(secs => ${touchSeconds(settings)}::float8) AS is_stale,
      u.id AS user_id, u.username, u.role::text AS role,
      CASE WHEN u.role = 'customer' THEN '[]' ELSE (
        SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name,
          'manager', u.role = 'admin' OR st.manager) ORDER BY t.id), '[]')
        FROM theatres t LEFT JOIN staff_theatres st ON st.theatre_id = t.id AND st.user_id = u.id
        WHERE u.role = 'admin' OR st.user_id IS NOT NULL
      ) END AS theatres,
      (SELECT epoch FROM access_epoch WHERE id = 1) AS epoch`
}

function selectLive(settings: SessionSettings, which: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT ${liveColumns(settings)} FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE ${which} AND u.is_active AND ${isLive(settings)}`
}

function readLive(row: LiveRow, readAt: number): Caller {
  return {
    principal: { userId: row.user_id, username: row.username, role: row.role, theatres: row.theatres },
    session: {
      id: row.id,
      tokenHash: row.token_hash,
      createdAt: row.created_at,
      isStale: row.is_stale,
      ...readTimes(row, readAt),
    },
    epoch: Number(row.epoch),
  }
}

/** Reads the live session of a cookie's token, its user and the access epoch in one query; null if there is none. */
export async function findLive(
  db: Queryable,
  token: string,
  settings: SessionSettings,
): Promise<Caller | null> {
  const readAt = performance.now()
  const rows = await db.$queryRaw<LiveRow[]>(
    selectLive(settings, Prisma.sql`s.token_hash = ${hashToken(token)}`),
  )
  return rows[0] ? readLive(rows[0], readAt) : null
}

/** What one handshake looks up. */
export interface HandshakeKey {
  token: string
  /** null: the socket is not about an order */
  orderId: number | null
}

/** `order` is null when no order has that id. */
export type HandshakeSession = Caller & { order: OrderOwner | null }

/** Looks up many handshakes in one query. The results are in the order of the keys; null: no live session. */
export async function findLiveForHandshakes(
  db: Queryable,
  keys: readonly HandshakeKey[],
  settings: SessionSettings,
): Promise<(HandshakeSession | null)[]> {
  const hashes = keys.map(({ token }) => Buffer.from(hashToken(token)).toString('hex'))
  const orderIds = keys.map(({ orderId }) => orderId ?? 0)
  const readAt = performance.now()
  const rows = await db.$queryRaw<
    (LiveRow & { ordinal: number; order_customer_id: number | null; order_theatre_id: number | null })[]
  >`
    SELECT k.ordinal::int AS ordinal, o.customer_id AS order_customer_id, o.theatre_id AS order_theatre_id,
      ${liveColumns(settings)}
    FROM unnest(${hashes}::text[], ${orderIds}::int[]) WITH ORDINALITY AS k (hash, order_id, ordinal)
    JOIN sessions s ON s.token_hash = decode(k.hash, 'hex') JOIN users u ON u.id = s.user_id
    LEFT JOIN orders o ON o.id = k.order_id
    WHERE u.is_active AND ${isLive(settings)}`
  const found: (HandshakeSession | null)[] = keys.map(() => null)
  for (const row of rows) {
    const { order_customer_id: customerId, order_theatre_id: theatreId } = row
    const order = customerId === null || theatreId === null ? null : { customerId, theatreId }
    // ordinals count from 1
    found[row.ordinal - 1] = { ...readLive(row, readAt), order }
  }
  return found
}

/** Reads a live session and its user by the session's public id; null if it has ended. */
export async function findLiveById(
  db: Queryable,
  sessionId: string,
  settings: SessionSettings,
): Promise<Caller | null> {
  return (await findLiveByIds(db, [sessionId], settings)).get(sessionId) ?? null
}

/** The same for many sessions, in one query. Ids missing from the result have ended. */
export async function findLiveByIds(
  db: Queryable,
  sessionIds: readonly string[],
  settings: SessionSettings,
): Promise<Map<string, Caller>> {
  if (sessionIds.length === 0) return new Map()
  const readAt = performance.now()
  const rows = await db.$queryRaw<LiveRow[]>(
    selectLive(settings, Prisma.sql`s.id = ANY(${[...sessionIds]}::uuid[])`),
  )
  return new Map(rows.map((row) => [row.id, readLive(row, readAt)]))
}
