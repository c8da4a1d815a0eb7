import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { FairQueue, type QueuePriority } from '../concurrency/fair-queue.js'
import { invalid } from '../errors.js'
import { isCommonPassword } from './common-passwords.js'
import { isDjangoHash, readDjangoHash } from './django-hashes.js'
import { equalizeWork, type ImportedKinds } from './imported-hashes.js'

const MIN_PASSWORD = 8
export const MAX_PASSWORD = 128

/** argon2id (the library's default) with the parameters of the OWASP Password Storage Cheat Sheet; memory in KiB. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/**
 * The hash of a random password, verified when there is no account, so that timing does not reveal which names exist.
 */
export const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$TC6NHUi71zRWkBZqKWo8/w$B3c5/rcLe/Z8s/1Hre9wrJ2uTvEh4L23yoJJdflh6Rg'

/** The queue in which all hashes wait. */
export const HASH_QUEUE = {
  /** half the CPUs, at most 4, so that a flood of logins leaves CPU time for other requests */
  concurrency: Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2))),
  /** enough for all tablets of a theatre to sign in when a shift starts; more get 503 */
  maxWaiting: 256,
  /** ms to wait for a hash during an attack; a request's other work takes some more */
  maxWaitMs: 1500,
}

const queue = new FairQueue(HASH_QUEUE)

/** for callers that have shown who they are */
const URGENT: QueuePriority = { urgent: true, keys: [] }

/**
 * Runs a check of a password when it is the caller's turn: null is a wrong guess, which puts what has the same keys
 * behind others. Throws `unavailable` when too many wait.
 */
export async function checkInTurn<T>(
  priority: QueuePriority,
  check: () => Promise<T | null>,
): Promise<T | null> {
  const checked = await queue.run(priority, check)
  if (checked === null) queue.noteFailure(priority.keys)
  return checked
}

/** Different systems encode the same typed password differently (NIST SP 800-63B, 5.1.1.2). */
const normalize = (password: string) => password.normalize('NFKC')

/**
 * Throws `validation_failed` at `path` for a new password of fewer than 8 or more than 128 characters, or one of the
 * most common. The message never quotes the password.
 */
export function checkNewPassword(password: string, path: string): void {
  // a lone surrogate would be stored as U+FFFD
  if (/\p{Surrogate}/u.test(password)) throw invalid(path, 'contains an invalid character.')
  const normal = normalize(password)
  const length = [...normal].length
  if (length < MIN_PASSWORD || length > MAX_PASSWORD) {
    throw invalid(path, `must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`)
  }
  if (isCommonPassword(normal)) throw invalid(path, 'is one of the most common passwords: choose another.')
}

/** Hashes a password that passed `checkNewPassword`. Throws `unavailable` when too many wait for a hash. */
export function hashPassword(password: string): Promise<string> {
  return queue.run(URGENT, () => hash(normalize(password), COST))
}

/**
 * Verifies a password, within `checkInTurn`. A wrong one, and one without a hash (no such user, a guest), is false after the
 * same work: that of a hash of ours and of one of each kind that was imported (`imported`).
 */
export async function verifyPassword(
  passwordHash: string | null,
  password: string,
  imported: ImportedKinds = new Map(),
): Promise<boolean> {
  const isForeign = passwordHash !== null && isDjangoHash(passwordHash)
  const foreign = isForeign ? readDjangoHash(passwordHash) : null
  if (await foreign?.verify(password)) return true
  const own = isForeign ? null : passwordHash
  const matches = await verify(own ?? DUMMY_HASH, normalize(password))
  if (matches && own !== null) return true
  await equalizeWork(imported, foreign, password)
  return false
}
