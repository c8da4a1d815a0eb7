import { randomBytes } from 'node:crypto'
import { invalid } from '../errors.js'

export const MAX_USERNAME = 150
const GUEST_PREFIX = 'guest-'
/** Django's set: letters and digits of any script, and @ . + - _; with the vowel signs that Indian letters carry */
const ALLOWED = /^[\p{L}\p{N}_.@+-][\p{L}\p{M}\p{N}_.@+-]*$/u

/** The form in which names are stored and looked up: one way to write each. Case is folded by the database. */
export const normalizeUsername = (username: string) => username.normalize('NFKC')

/** Could this be somebody's name? What can't is not worth a query (and NUL would break one). */
export function isUsername(username: string): boolean {
  const normal = normalizeUsername(username)
  return [...normal].length <= MAX_USERNAME && ALLOWED.test(normal)
}

/** A new account's name as it will be stored. Throws `validation_failed` for one that may not be. */
export function newUsername(username: string): string {
  if (!isUsername(username)) {
    throw invalid(
      'username',
      `must have 1 to ${MAX_USERNAME} characters: letters, digits and @ . + - _ only.`,
    )
  }
  const normal = normalizeUsername(username)
  if (normal.toLowerCase().startsWith(GUEST_PREFIX)) {
    throw invalid('username', `may not begin with "${GUEST_PREFIX}": such names are the guests'.`)
  }
  return normal
}

/** A guest's name: 96 random bits, so that none is ever met twice. */
export const guestUsername = () => `${GUEST_PREFIX}${randomBytes(12).toString('hex')}`
