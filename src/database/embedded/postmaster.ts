import { readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from './cluster.js'
import { EmbeddedServerError } from './embedded-server-error.js'
import { hasCode, readIfExists, unlinkIfExists } from './file-lock.js'
import { processIdentity } from './process-identity.js'

/** ms */
const STOP_DEADLINE = 30_000

/** The cluster's server process. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly state: 'starting' | 'ready' | 'stopping'
}

/**
 * Finds the cluster's running server, whichever process started it, by its postmaster.pid
 * (https://www.postgresql.org/docs/current/storage-file-layout.html). Ignores a file left by a crash; if its pid now
 * belongs to another program, removes it, because PostgreSQL would refuse to start.
 */
export function findPostmaster(cluster: Cluster): Postmaster | undefined {
  const path = join(cluster.data, 'postmaster.pid')
  const text = readIfExists(path)
  if (text === undefined) return undefined
  const [pidLine, , , portLine, , , , status = ''] = text.split('\n')
  const pid = Number(pidLine)
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  const identity = processIdentity(pid)
  if (identity === undefined) return undefined
  if (!isPostmaster(pid, cluster)) {
    unlinkIfExists(path)
    return undefined
  }
  if (readIfExists(stopMark(cluster)) === identity) return { pid, port: Number(portLine), state: 'stopping' }
  const state = (['ready', 'stopping'] as const).find((known) => known === status.trim()) ?? 'starting'
  return { pid, port: Number(portLine), state }
}

/** The server's working directory is its cluster, even if that has been moved. */
function isPostmaster(pid: number, cluster: Cluster): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster.data)
  } catch {
    // no permission, or just exited: assume it is ours; the caller's deadline bounds a wrong guess
  }
  return true
}

/**
 * The file that marks a server as stopping. postmaster.pid still says "ready" for a moment after the signal, and a
 * process that read it then would use a server that is about to exit.
 */
function stopMark(cluster: Cluster): string {
  return join(cluster.home, 'stopping')
}

/** Signals the server to close its connections and stop cleanly; does not wait. Call only while holding the lock. */
export function requestStop(cluster: Cluster, { pid }: Postmaster): void {
  const identity = processIdentity(pid)
  if (identity === undefined) return
  writeFileSync(stopMark(cluster), identity, { mode: 0o600 })
  try {
    // "fast shutdown": https://www.postgresql.org/docs/current/server-shutdown.html
    process.kill(pid, 'SIGINT')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/**
 * Stops the server cleanly and waits for it. Call only while holding the lock.
 * @throws {EmbeddedServerError} when it still runs after 30 s
 */
export async function stopPostmaster(cluster: Cluster): Promise<void> {
  const found = findPostmaster(cluster)
  if (found === undefined) return
  const identity = processIdentity(found.pid)
  requestStop(cluster, found)
  const giveUpAt = Date.now() + STOP_DEADLINE
  while (identity !== undefined && processIdentity(found.pid) === identity) {
    if (Date.now() > giveUpAt) {
      throw new EmbeddedServerError(
        `the embedded PostgreSQL did not stop within ${STOP_DEADLINE / 1000} s: see ${cluster.log}, or end process ${found.pid}`,
      )
    }
    await wait(5)
  }
}
