import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { invalid, unavailable } from '../errors.js'
import { COMMON_PASSWORDS } from './common-passwords.js'

export const MIN_PASSWORD = 8
export const MAX_PASSWORD = 128

/** argon2id (the library's default) with the parameters of OWASP's Password Storage Cheat Sheet; memory in KiB. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/** A hash of nothing anybody knows, of the same cost: verified where there is no account, so that time tells nothing. */
export const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$TC6NHUi71zRWkBZqKWo8/w$B3c5/rcLe/Z8s/1Hre9wrJ2uTvEh4L23yoJJdflh6Rg'

/** Hashes at once: half the processors, so that a flood of logins leaves the rest to everybody else. */
const AT_ONCE = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)))
/**
 * Some four seconds of work on one processor: all the tablets of a house may be signed in as the shift begins. Whoever
 * comes on top is told to come back.
 */
const MAX_WAITING = 256

let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= MAX_WAITING) throw unavailable()
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    // the place goes to the next in line without ever being free
    if (next) next()
    else running -= 1
  }
}

/** The same password typed on another keyboard or system is the same password (NIST SP 800-63B, 5.1.1.2). */
const normalize = (password: string) => password.normalize('NFKC')

/**
 * Refuses what may not become a password: fewer than 8 or more than 128 characters, or one of the commonest.
 * Throws a DomainError that names `path` and never the password.
 */
export function checkNewPassword(password: string, path: string): void {
  // a half of a surrogate pair would be stored as another character
  if (/\p{Surrogate}/u.test(password)) throw invalid(path, 'holds a character that is none.')
  const normal = normalize(password)
  const length = [...normal].length
  if (length < MIN_PASSWORD || length > MAX_PASSWORD) {
    throw invalid(path, `must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`)
  }
  if (COMMON_PASSWORDS.has(normal.toLowerCase())) {
    throw invalid(path, 'is one of the commonest passwords: choose another.')
  }
}

/** Hashes a password that `checkNewPassword` let pass. Throws `unavailable` when too many wait. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(normalize(password), COST))
}

/**
 * Is it the password? Without a hash (no such user, a guest) the answer is no, after the same work.
 * Throws `unavailable` when too many wait.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const matches = await inTurn(() => verify(passwordHash ?? DUMMY_HASH, normalize(password)))
  return matches && passwordHash !== null
}
