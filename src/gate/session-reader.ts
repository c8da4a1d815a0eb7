import { createHash } from 'node:crypto'
import { type DjangoDatabase, type DjangoSchema, isDataError } from './django-database.js'
import { isAuthHash, readSignedIn, type SignedIn, type Unreadable } from './session-data.js'

/** A user's live session, as of one reading. */
export interface LiveSession {
  key: string
  /** the user's primary key as text */
  userId: string
  isStaff: boolean
  isSuperuser: boolean
  /** ms to its end by the database's clock, at `readAt` (performance.now()) */
  remainingMs: number
  readAt: number
  /** `expire_date` in seconds since 1970 */
  endsAt: number
  signedIn: SignedIn
  /** SHA-256 of the row's data and of the password, by which a change is noticed */
  dataHash: string
  passwordHash: string
}

/**
 * What one reading says of a session. `gone`: there is no row. `other-password`: the row's hash is of another password.
 * Both may be a moment within Django's `cycle_key`. `ended` is final.
 */
export type SessionVerdict =
  | { kind: 'live'; session: LiveSession }
  | { kind: 'gone' }
  | { kind: 'other-password' }
  | { kind: 'ended'; reason: 'expired' | 'signed_out' | 'user_inactive' }

/** `pending`: one whose hash is of another password, as between the new row and the end of the request that made it. */
export type Successor = 'live' | 'pending' | 'none'

interface Asked {
  key: string
  /** what is known of it, if it was read before */
  known: Pick<LiveSession, 'signedIn' | 'dataHash' | 'passwordHash'> | null
}

interface Row {
  is_there: boolean
  data: string | null
  data_hash: string | null
  remaining_ms: number
  ends_at: number
  user_id: string | null
  password: string | null
  password_hash: string | null
  is_active: boolean
  is_staff: boolean
  is_superuser: boolean
}

/** rows of other sessions that are read to find successors: bounds the work that a log-out can cause */
const SUCCESSOR_PAGE = 500
const MAX_SUCCESSORS = 20_000

/** Reads Django's sessions and their users: the rows of the database, never the cache of `cached_db`. */
export class SessionReader {
  private readonly select: string

  /** @param onUnreadable a new session's row was there, and not to be read */
  constructor(
    readonly database: DjangoDatabase,
    private readonly schema: DjangoSchema,
    private readonly secrets: readonly string[],
    private readonly onUnreadable: (why: Unreadable) => void = () => {},
  ) {
    const { sessions, users, userId, userIdType } = schema
    const hash = (column: string) => `encode(sha256(convert_to(${column}, 'UTF8')), 'hex')`
    // data and password are sent only when they have changed: the query is sent each second for all open sessions
    this.select = `
      SELECT s.session_key IS NOT NULL AS is_there, s.data_hash, u.password_hash,
             CASE WHEN s.data_hash IS DISTINCT FROM asked.data_hash THEN s.session_data END AS data,
             CASE WHEN u.password_hash IS DISTINCT FROM asked.password_hash
                    OR s.data_hash IS DISTINCT FROM asked.data_hash THEN u.password END AS password,
             (extract(epoch FROM s.expire_date - clock_timestamp()) * 1000)::float8 AS remaining_ms,
             extract(epoch FROM s.expire_date)::float8 AS ends_at, u.pk::text AS user_id, u.is_active, u.is_staff, u.is_superuser
      FROM unnest($1::text[], $2::${userIdType}[], $3::text[], $4::text[])
             WITH ORDINALITY AS asked (session_key, pk, data_hash, password_hash, position)
      LEFT JOIN LATERAL (
        SELECT session_key, session_data, expire_date, ${hash('session_data')} AS data_hash
        FROM ${sessions} WHERE session_key = asked.session_key) AS s ON true
      LEFT JOIN LATERAL (
        SELECT ${userId} AS pk, password, ${hash('password')} AS password_hash, is_active, is_staff, is_superuser
        FROM ${users} WHERE ${userId} = asked.pk) AS u ON true
      ORDER BY asked.position`
  }

  /** One query for all, in their order. */
  async readKnown(sessions: readonly LiveSession[]): Promise<SessionVerdict[]> {
    // before the query: what it returns of the session's end is then never too late
    const readAt = performance.now()
    const rows = await this.readRows(sessions.map((known) => ({ key: known.key, known })))
    return sessions.map((known, i) => this.judge(known, rows[i], readAt))
  }

  /** Two queries for all, in their order: the row says whose it is. */
  async readNew(keys: readonly string[]): Promise<SessionVerdict[]> {
    const rows = await this.readRows(keys.map((key) => ({ key, known: null })))
    const signedIn = rows.map((row) =>
      row?.data ? readSignedIn(row.data, this.secrets, this.onUnreadable) : null,
    )
    const asked = keys.map((key, i) => {
      const who = signedIn[i]
      return { key, known: who ? { signedIn: who, dataHash: '', passwordHash: '' } : null }
    })
    const readAt = performance.now()
    const withUsers = await this.readRows(asked)
    return asked.map(({ key, known }, i) => {
      if (!known) return rows[i]?.is_there ? { kind: 'ended', reason: 'signed_out' } : { kind: 'gone' }
      return this.judge({ key, ...known }, withUsers[i], readAt)
    })
  }

  private async readRows(asked: readonly Asked[]): Promise<(Row | undefined)[]> {
    if (asked.length === 0) return []
    const values = [
      asked.map(({ key }) => key),
      asked.map(({ known }) => known?.signedIn.userId ?? null),
      asked.map(({ known }) => known?.dataHash ?? null),
      asked.map(({ known }) => known?.passwordHash ?? null),
    ]
    try {
      return (await this.database.read((query) => query(this.select, values))) as unknown as Row[]
    } catch (error) {
      if (!isDataError(error)) throw error
      // the id of one of the sessions is none of this site's users
      if (asked.length === 1) return [undefined]
      const middle = asked.length >> 1
      const first = await this.readRows(asked.slice(0, middle))
      return [...first, ...(await this.readRows(asked.slice(middle)))]
    }
  }

  private judge(
    known: Pick<LiveSession, 'key' | 'signedIn' | 'dataHash' | 'passwordHash'>,
    row: Row | undefined,
    readAt: number,
  ): SessionVerdict {
    if (!row?.is_there) return { kind: 'gone' }
    if (!(row.remaining_ms > 0)) return { kind: 'ended', reason: 'expired' }
    const signedIn = row.data === null ? known.signedIn : readSignedIn(row.data, this.secrets)
    if (!signedIn || signedIn.userId !== known.signedIn.userId) return { kind: 'ended', reason: 'signed_out' }
    if (row.user_id === null || !row.is_active) return { kind: 'ended', reason: 'user_inactive' }
    // it comes when it, or the session's data, has changed
    const isTrue = row.password === null || isAuthHash(signedIn.authHash, row.password, this.secrets)
    if (!isTrue) return { kind: 'other-password' }
    return {
      kind: 'live',
      session: {
        key: known.key,
        userId: row.user_id,
        isStaff: row.is_staff,
        isSuperuser: row.is_superuser,
        remainingMs: row.remaining_ms,
        readAt,
        endsAt: row.ends_at,
        signedIn,
        dataHash: row.data_hash ?? '',
        passwordHash: row.password_hash ?? '',
      },
    }
  }

  /**
   * Looks for what `cycle_key` puts in the place of rows that are gone: another session of the same user that ends no
   * earlier. One search for all, however many ended at once. The answers are in the order of `gone`.
   */
  async findSuccessors(gone: readonly LiveSession[]): Promise<Successor[]> {
    const found = gone.map((): Successor => 'none')
    const users = new Set(gone.map(({ userId }) => userId))
    const keys = new Set(gone.map(({ key }) => key))
    // a millisecond earlier: rounding must not leave one out
    const from = Math.min(...gone.map(({ endsAt }) => endsAt)) - 0.001
    for await (const rows of this.pagesFrom(from)) {
      const own = rows.flatMap((row) => {
        const userId = keys.has(row.key) ? undefined : readSignedIn(row.data, this.secrets)?.userId
        return userId !== undefined && users.has(userId) ? [{ ...row, userId }] : []
      })
      const verdicts = await this.readNew(own.map(({ key }) => key))
      for (const [i, session] of gone.entries()) {
        for (const [j, row] of own.entries()) {
          if (row.endsAt < session.endsAt - 0.001 || row.userId !== session.userId) continue
          const verdict = verdicts[j]?.kind
          if (verdict === 'live') found[i] = 'live'
          else if (verdict === 'other-password' && found[i] === 'none') found[i] = 'pending'
        }
      }
      if (found.every((successor) => successor === 'live')) break
    }
    return found
  }

  /** The live sessions that end at `from` or later, the last first, in pages. */
  private async *pagesFrom(from: number): AsyncGenerator<{ key: string; data: string; endsAt: number }[]> {
    let after = ['infinity', '']
    for (let read = 0; read < MAX_SUCCESSORS; read += SUCCESSOR_PAGE) {
      const rows = await this.database.read((query) =>
        query(
          `SELECT session_key, session_data, expire_date::text AS position, extract(epoch FROM expire_date)::float8 AS ends_at
           FROM ${this.schema.sessions}
           WHERE expire_date > clock_timestamp() AND expire_date >= to_timestamp($1)
             AND (expire_date, session_key) < ($2::timestamptz, $3)
           ORDER BY expire_date DESC, session_key DESC LIMIT ${SUCCESSOR_PAGE}`,
          [from, ...after],
        ),
      )
      yield rows.map(({ session_key, session_data, ends_at }) => ({
        key: String(session_key),
        data: String(session_data),
        endsAt: Number(ends_at),
      }))
      const last = rows.at(-1)
      if (rows.length < SUCCESSOR_PAGE || !last) return
      after = [String(last.position), String(last.session_key)]
    }
  }
}

/** The form of a session's key, as Django makes them; others are not looked up. */
export const isSessionKey = (text: string): boolean => /^[a-z0-9]{8,40}$/.test(text)

/** By which the notices of gate.sql name a session. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')
