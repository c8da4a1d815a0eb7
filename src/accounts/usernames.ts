import { randomBytes } from 'node:crypto'
import { invalid } from '../errors.js'
import { trimBlanks } from '../protocol/typed-text.js'

const MAX_USERNAME = 150
const GUEST_PREFIX = 'guest-'
/** Django's set (letters and digits of any script, and @ . + - _), plus combining marks, which Indic scripts need */
const ALLOWED = /^[\p{L}\p{N}_.@+-][\p{L}\p{M}\p{N}_.@+-]*$/u

/** The form in which names are stored, looked up and counted. The database folds case. */
export const normalizeUsername = (username: string) => trimBlanks(username.normalize('NFKC'))

export const isSameUsername = (a: string, b: string) =>
  normalizeUsername(a).toLowerCase() === normalizeUsername(b).toLowerCase()

/** Whether this can be a user name at all. Other text is not worth a query, and a NUL would make it fail. */
export function isUsername(username: string): boolean {
  const normal = normalizeUsername(username)
  return [...normal].length <= MAX_USERNAME && ALLOWED.test(normal)
}

/** Returns a new account's name in the form to store. Throws `validation_failed` for one that is not allowed. */
export function checkNewUsername(username: string): string {
  if (!isUsername(username)) {
    throw invalid(
      'username',
      `must have 1 to ${MAX_USERNAME} characters: letters, digits and @ . + - _ only.`,
    )
  }
  const normal = normalizeUsername(username)
  if (normal.toLowerCase().startsWith(GUEST_PREFIX)) {
    throw invalid('username', `can't begin with "${GUEST_PREFIX}": those names are for guests.`)
  }
  return normal
}

/** A guest's name: 96 random bits, so that no two are ever the same. */
export const guestUsername = () => `${GUEST_PREFIX}${randomBytes(12).toString('hex')}`
