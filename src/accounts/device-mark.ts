import { createHash, randomBytes } from 'node:crypto'
import { normalizeUsername } from './usernames.js'

/**
 * A device on which somebody has signed in before ("device cookies", OWASP). Its attempts to sign in to the same accounts
 * are counted by the device and not by its address. It grants nothing else, and nothing for other accounts: else who
 * has one account could guess the others' passwords without the address's limit.
 */
export interface DeviceMark {
  id: string
  /** keys of the accounts that signed in on it, the last one first */
  accounts: readonly string[]
}

/** staff who share a device */
const MAX_ACCOUNTS = 8
/** The prefix keeps a session's signed token from being read as a mark. */
const MARK = /^device\.([\w-]{22})((?:\.[\w-]{16}){1,8})$/

const keyOf = (username: string) =>
  createHash('sha256').update(normalizeUsername(username).toLowerCase()).digest('base64url').slice(0, 16)

/** Reads the text of a cookie whose signature was verified; null if it is no mark. */
export function readMark(text: string): DeviceMark | null {
  const [, id, accounts] = MARK.exec(text) ?? []
  return id && accounts ? { id, accounts: accounts.slice(1).split('.') } : null
}

/** The text to sign, for a device on which this user has just signed in. */
export function markFor(username: string, earlier: DeviceMark | null): string {
  const key = keyOf(username)
  const others = earlier?.accounts.filter((account) => account !== key) ?? []
  const id = earlier?.id ?? randomBytes(16).toString('base64url')
  return ['device', id, ...[key, ...others].slice(0, MAX_ACCOUNTS)].join('.')
}

/** Has this user signed in on the device before? */
export function isKnownOn(mark: DeviceMark | null, username: string): mark is DeviceMark {
  return mark?.accounts.includes(keyOf(username)) ?? false
}
