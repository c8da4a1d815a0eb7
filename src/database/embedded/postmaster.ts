import { readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from './cluster.js'
import { EmbeddedServerError } from './embedded-server-error.js'
import { hasCode, readIfThere, unlinkIfThere } from './file-lock.js'
import { processIdentity } from './process-identity.js'

const STOP_DEADLINE = 30_000

/** A server process that runs on the cluster. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly state: 'starting' | 'ready' | 'stopping'
}

/**
 * The server that runs on this cluster, whoever started it, by the file that PostgreSQL keeps
 * (https://www.postgresql.org/docs/current/storage-file-layout.html). A file left over from a crash does not
 * count, and not when its pid has been given to another program either; PostgreSQL would then refuse to start.
 */
export function findPostmaster(cluster: Cluster): Postmaster | undefined {
  const path = join(cluster.data, 'postmaster.pid')
  const text = readIfThere(path)
  if (text === undefined) return undefined
  const [pidLine, , , portLine, , , , status = ''] = text.split('\n')
  const pid = Number(pidLine)
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  const identity = processIdentity(pid)
  if (identity === undefined) return undefined
  if (!isPostmaster(pid, cluster)) {
    unlinkIfThere(path)
    return undefined
  }
  if (readIfThere(stopMark(cluster)) === identity) return { pid, port: Number(portLine), state: 'stopping' }
  const state = (['ready', 'stopping'] as const).find((known) => known === status.trim()) ?? 'starting'
  return { pid, port: Number(portLine), state }
}

/** The server's working directory is its cluster, even when that has been moved since. */
function isPostmaster(pid: number, cluster: Cluster): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster.data)
  } catch {
    // Not ours to look at, or gone this moment: the caller's wait decides.
  }
  return true
}

/**
 * A server that was told to stop still says "ready" for a moment; who came in that moment would get a server
 * that goes away. So the telling is written down first.
 */
function stopMark(cluster: Cluster): string {
  return join(cluster.home, 'stopping')
}

/** Tells the server to end its sessions and stop cleanly; does not wait. Only under the lock. */
export function tellToStop(cluster: Cluster, { pid }: Postmaster): void {
  const identity = processIdentity(pid)
  if (identity === undefined) return
  writeFileSync(stopMark(cluster), identity, { mode: 0o600 })
  try {
    // "Fast shutdown": https://www.postgresql.org/docs/current/server-shutdown.html
    process.kill(pid, 'SIGINT')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/**
 * Stops the server cleanly. Only under the lock.
 * @throws {EmbeddedServerError} when it still runs after 30 s
 */
export async function stopPostmaster(cluster: Cluster): Promise<void> {
  const found = findPostmaster(cluster)
  if (found === undefined) return
  const identity = processIdentity(found.pid)
  tellToStop(cluster, found)
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
