import { randomUUID } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere, unlinkIfThere } from './file-lock.js'
import { describeHolder, isHolderAlive } from './process-identity.js'

const LOCK = 'lock'
const SUFFIX = '.lease'

/** The lock under which leases are counted and the server is started and stopped. */
export function lockPath(directory: string): string {
  return join(directory, LOCK)
}

/** Says that this process uses the server. Only under the lock. Answers with the lease's path. */
export function addLease(directory: string): string {
  const token = randomUUID()
  const path = join(directory, `${process.pid}-${token}${SUFFIX}`)
  writeFileSync(path, describeHolder(token), { mode: 0o600 })
  return path
}

/**
 * How many living users the server has. Only under the lock: what dead processes left behind (leases, drafts
 * of locks) is removed on the way.
 */
export function countLeases(directory: string): number {
  let living = 0
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (name === LOCK) continue
    const text = readIfThere(path)
    if (text === undefined) continue
    if (!isHolderAlive(text)) unlinkIfThere(path)
    else if (name.endsWith(SUFFIX)) living += 1
  }
  return living
}
