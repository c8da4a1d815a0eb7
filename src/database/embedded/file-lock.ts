import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedServerError } from './embedded-server-error.js'
import { describeHolder, isHolderAlive } from './process-identity.js'

/**
 * Takes the lock if it is free or its holder is dead; answers with the function that gives it back, or
 * `undefined` when a living process holds it. Synchronous, because a process that exits can't wait.
 */
export function tryLock(path: string): (() => void) | undefined {
  const token = randomUUID()
  const draft = `${path}.${token}`
  writeFileSync(draft, describeHolder(token), { mode: 0o600 })
  try {
    // A hard link appears at once and whole: nobody reads a lock without its holder's name.
    linkSync(draft, path)
    return () => unlinkIfThere(path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    breakIfDead(path)
    return undefined
  } finally {
    unlinkIfThere(draft)
  }
}

/**
 * Removes a dead process's lock. Checking and removing are two steps, and between them another could remove
 * the dead lock and take its own, which would then be removed instead. So only the holder of a lock on *this*
 * dead lock (its content names it) may remove it, and looks again first.
 */
function breakIfDead(path: string): void {
  const found = readIfThere(path)
  if (found === undefined || isHolderAlive(found)) return
  const name = createHash('sha256').update(found).digest('hex').slice(0, 16)
  const unlock = tryLock(`${path}.${name}`)
  if (unlock === undefined) return
  try {
    if (readIfThere(path) === found) unlinkIfThere(path)
  } finally {
    unlock()
  }
}

/**
 * Runs the work while this process alone holds the lock.
 * @param deadline milliseconds to wait for it
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
      const holder = readIfThere(path) ?? 'nobody'
      throw new EmbeddedServerError(
        `another process (${holder}) has been starting or stopping the embedded PostgreSQL for ${deadline / 1000} s: end it, then start again`,
      )
    }
    await wait(5 + Math.random() * 10)
  }
}

/** The content, or `undefined` when there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
    throw error
  }
}

/** Removes the file; that it is gone already is fine. */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** Whether the error is a system error (or a driver's) with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
