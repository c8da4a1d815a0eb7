import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedServerError } from './embedded-server-error.js'
import { describeHolder, isHolderAlive } from './process-identity.js'

/**
 * Tries to take the lock. Returns the function that releases it, or undefined when it is taken; a dead holder's lock is
 * removed, so that the next try succeeds. Synchronous, because an exit listener can't wait.
 */
export function tryLock(path: string): (() => void) | undefined {
  const token = randomUUID()
  const draft = `${path}.${token}`
  writeFileSync(draft, describeHolder(token), { mode: 0o600 })
  try {
    // a hard link appears atomically with its content: a lock always names its holder
    linkSync(draft, path)
    return () => unlinkIfExists(path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    breakIfDead(path)
    return undefined
  } finally {
    unlinkIfExists(draft)
  }
}

/**
 * Removes a dead process's lock. Between the check and the removal, another process could remove the dead lock and
 * take its own, which would then be removed instead. So removing needs a second lock, named after the dead lock's
 * content, and checks again under it.
 */
function breakIfDead(path: string): void {
  const found = readIfExists(path)
  if (found === undefined || isHolderAlive(found)) return
  const name = createHash('sha256').update(found).digest('hex').slice(0, 16)
  const unlock = tryLock(`${path}.${name}`)
  if (unlock === undefined) return
  try {
    if (readIfExists(path) === found) unlinkIfExists(path)
  } finally {
    unlock()
  }
}

/**
 * Runs `work` while holding the lock.
 * @param deadline ms to wait for the lock
 * @throws {EmbeddedServerError} when the lock was not free in time
 */
export async function withLock<T>(path: string, deadline: number, work: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + deadline
  for (;;) {
    const unlock = tryLock(path)
    if (unlock !== undefined) {
      try {
        return await work()
      } finally {
        unlock()
      }
    }
    if (Date.now() > giveUpAt) {
      const holder = readIfExists(path) ?? 'unknown'
      throw new EmbeddedServerError(
        `another process (${holder}) has been starting or stopping the embedded PostgreSQL for ${deadline / 1000} s: end it, then start again`,
      )
    }
    await wait(5 + Math.random() * 10)
  }
}

/** The file's content, or undefined if it does not exist. */
export function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
    throw error
  }
}

/** Removes the file if it exists. */
export function unlinkIfExists(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** Whether this is an error with the given code, of the system or a driver. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
