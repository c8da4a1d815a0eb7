import { randomUUID } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfExists, unlinkIfExists } from './file-lock.js'
import { describeHolder, isHolderAlive } from './process-identity.js'

const LOCK = 'lock'
const SUFFIX = '.lease'

/** The lock that is held to count leases and to start and stop the server. */
export function lockPath(directory: string): string {
  return join(directory, LOCK)
}

/** Records that this process uses the server. Call only while holding the lock. Returns the lease's path. */
export function addLease(directory: string): string {
  const token = randomUUID()
  const path = join(directory, `${process.pid}-${token}${SUFFIX}`)
  writeFileSync(path, describeHolder(token), { mode: 0o600 })
  return path
}

/**
 * Counts the leases of running processes, and removes the files that dead processes left (leases, drafts of locks).
 * Call only while holding the lock.
 */
export function countLeases(directory: string): number {
  let count = 0
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (name === LOCK) continue
    const text = readIfExists(path)
    if (text === undefined) continue
    if (!isHolderAlive(text)) unlinkIfExists(path)
    else if (name.endsWith(SUFFIX)) count += 1
  }
  return count
}
