import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { inflateSync } from 'node:zlib'

// Django's own formats, from 3.1 on: django/core/signing.py, contrib/sessions/backends/base.py and contrib/auth.

/** What a session row says of who is signed in. */
export interface SignedIn {
  /** the user's primary key as text */
  userId: string
  /** of the password and the site's SECRET_KEY at the login */
  authHash: string
}

/** the name of the class in both engines, `db` and `cached_db` */
const SESSION_SALT = 'django.contrib.sessions.SessionStore'
const AUTH_HASH_SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash'
/** bytes of a session's JSON; more is not read */
const MAX_SESSION = 4 * 1024 * 1024
/** `[.]base64:time in base 62:signature`, the point for compressed data */
const SIGNED = /^(\.?)([A-Za-z0-9_-]*):([0-9A-Za-z]{1,12}):([A-Za-z0-9_-]{43})$/

/** Django's `salted_hmac` with SHA-256. */
function saltedHmac(salt: string, value: string, secret: string): Buffer {
  const key = createHash('sha256')
    .update(salt + secret)
    .digest()
  return createHmac('sha256', key).update(value).digest()
}

const isOneOf = (given: Buffer, candidates: readonly Buffer[]) =>
  candidates.some((candidate) => candidate.length === given.length && timingSafeEqual(candidate, given))

/** Why a row can't be read: the signature is of none of the keys, or the text is not JSON, as of the PickleSerializer. */
export type Unreadable = 'foreign_signature' | 'not_json'

/**
 * Reads `django_session.session_data`. `secrets`: SECRET_KEY, then its fallbacks. The signature's age does not count: as
 * in Django the row's expiry does.
 */
export function readSessionData(
  text: string,
  secrets: readonly string[],
): Record<string, unknown> | Unreadable {
  const [, point, data, , signature] = SIGNED.exec(text) ?? []
  if (data === undefined || signature === undefined) return 'foreign_signature'
  const signed = text.slice(0, text.lastIndexOf(':'))
  const candidates = secrets.map((secret) => saltedHmac(`${SESSION_SALT}signer`, signed, secret))
  if (!isOneOf(Buffer.from(signature, 'base64url'), candidates)) return 'foreign_signature'
  try {
    const bytes = Buffer.from(data, 'base64url')
    const json = point ? inflateSync(bytes, { maxOutputLength: MAX_SESSION }) : bytes
    const value: unknown = JSON.parse(json.toString('latin1'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : 'not_json'
  } catch {
    return 'not_json'
  }
}

/** Who is signed in by this session row; null for an anonymous one, and for one that is not the site's. */
export function readSignedIn(
  text: string,
  secrets: readonly string[],
  onUnreadable: (why: Unreadable) => void = () => {},
): SignedIn | null {
  const content = readSessionData(text, secrets)
  if (typeof content === 'string') {
    onUnreadable(content)
    return null
  }
  const { _auth_user_id: userId, _auth_user_hash: authHash } = content
  if (typeof userId !== 'string' || typeof authHash !== 'string' || userId === '') return null
  return { userId, authHash }
}

/** Is this the hash of that password, under one of the secrets? `password`: the column's text. */
export function isAuthHash(authHash: string, password: string, secrets: readonly string[]): boolean {
  if (!/^[0-9a-f]{64}$/.test(authHash)) return false
  const candidates = secrets.map((secret) => saltedHmac(AUTH_HASH_SALT, password, secret))
  return isOneOf(Buffer.from(authHash, 'hex'), candidates)
}
