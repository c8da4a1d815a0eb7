import { createHash, createHmac, randomBytes } from 'node:crypto'
import { SITE_SECRET, type SiteDatabase } from './django.js'

function hmac(salt: string, value: string, secret: string): Buffer {
  return createHmac(
    'sha256',
    createHash('sha256')
      .update(salt + secret)
      .digest(),
  )
    .update(value)
    .digest()
}

/** `session_data` as Django writes it. */
export const sessionData = (data: object, secret = SITE_SECRET): string =>
  signed(Buffer.from(JSON.stringify(data)), secret)

/** The same of what a serializer has made. */
export function signed(serialized: Buffer, secret = SITE_SECRET): string {
  const value = `${serialized.toString('base64url')}:1xXTbS`
  return `${value}:${hmac('django.contrib.sessions.SessionStoresigner', value, secret).toString('base64url')}`
}

export function authHash(password: string, secret = SITE_SECRET): string {
  return hmac('django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash', password, secret).toString(
    'hex',
  )
}

export interface RowOptions {
  username?: string
  /** seconds to its end */
  seconds?: number
  /** signs the row; the hash too */
  secret?: string
}

/** Signs somebody in by a row of the session table, for tests that need no site. Returns the key. */
export async function insertSession(
  { query }: Pick<SiteDatabase, 'query'>,
  { username = 'staff', seconds = 3600, secret = SITE_SECRET }: RowOptions = {},
): Promise<string> {
  const [user] = await query('SELECT id, password FROM auth_user WHERE username = $1', [username])
  const key = randomBytes(16).toString('hex')
  const data = {
    _auth_user_id: String(user?.id),
    _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
    _auth_user_hash: authHash(String(user?.password), secret),
  }
  await query(`INSERT INTO django_session VALUES ($1, $2, now() + $3 * interval '1 second')`, [
    key,
    sessionData(data, secret),
    seconds,
  ])
  return key
}

/** Signs each of these users in `count` times; in few statements, for crowds. Returns the keys. */
export async function insertCrowd(
  database: Pick<SiteDatabase, 'query'>,
  usernames: readonly string[],
  count: number,
): Promise<string[]> {
  const keys: string[] = []
  for (const username of usernames) {
    const first = await insertSession(database, { username })
    const rows = await database.query(
      `INSERT INTO django_session SELECT md5($1 || i), session_data, expire_date
       FROM django_session, generate_series(1, $2::int) AS i WHERE session_key = $1 RETURNING session_key`,
      [first, count],
    )
    keys.push(...rows.map(({ session_key }) => String(session_key)))
  }
  return keys
}

export const cookieOf = (key: string) => `sessionid=${key}`
