import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { acquireEmbeddedServer, type EmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { applyMigrations } from '../../src/database/migrate.js'
import { openConnection, withClient } from '../helpers/database-template.js'
import { gone, postmasterPid } from '../helpers/embedded-servers.js'
import type { Teardown } from '../helpers/teardown.js'

/** A test's own PostgreSQL server, for faults. Its address does not change. */
export interface OwnPostgres {
  /** of the migrated database */
  readonly url: string
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>
  /** Stops it with SIGSTOP: connections stay open, new ones are not accepted, and nothing answers. */
  pause(): Promise<void>
  resume(): void
  /** `fast` ends all sessions and stops cleanly; `crash` stops at once and has to recover. */
  stop(how: 'fast' | 'crash'): Promise<void>
  start(): Promise<void>
  /** Blocks all writes of events or all reads of sessions, until the function that it resolves to is called. */
  block(what: 'events' | 'sessions'): Promise<() => Promise<void>>
  /** Terminates all connections of the service. */
  cut(): Promise<void>
}

export async function startPostgres(t: Teardown): Promise<OwnPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'houselights-chaos-'))
  const uses: EmbeddedServer[] = []
  let stopped: number[] = []
  let witness: pg.Client | undefined
  const resume = () => {
    for (const pid of stopped) signal(pid, 'SIGCONT')
    stopped = []
    // the server may have been stopped meanwhile
    witness?.end().catch(() => {})
    witness = undefined
  }
  t.teardown(async () => {
    resume()
    for (const use of uses) await use.release()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  const start = async () => {
    const use = await acquireEmbeddedServer({ dataDirectory: directory })
    uses.push(use)
    if (uses.some(({ url }) => url !== use.url)) throw new Error('PostgreSQL came back on another port')
    return use
  }
  const { url } = await start()
  await applyMigrations(url)
  const run = (sql: string, values: unknown[] = []) => withClient(url, (client) => client.query(sql, values))

  return {
    url,
    query: (sql, values = []) => withClient(url, async (client) => (await client.query(sql, values)).rows),
    async pause() {
      const pid = postmasterPid(directory)
      if (pid === undefined) return
      // ended only by `resume`: a backend that ends waits for locks that a stopped one may hold
      witness = await openConnection(url)
      // the postmaster first, so that no backend starts after the query
      stopped = [pid]
      signal(pid, 'SIGSTOP')
      const { rows } = await witness
        .query<{ pid: number }>(
          "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )
        .catch((error: unknown) => {
          resume()
          throw error
        })
      for (const backend of rows) signal(backend.pid, 'SIGSTOP')
      stopped.push(...rows.map((backend) => backend.pid))
    },
    resume,
    async stop(how) {
      const pid = postmasterPid(directory)
      if (pid === undefined) return
      resume()
      signal(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await gone(pid)
    },
    async start() {
      await start()
    },
    async block(what) {
      const lock =
        what === 'events'
          ? 'SELECT pg_advisory_xact_lock(7310029)'
          : 'LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE'
      const client = await openConnection(url)
      try {
        await client.query('BEGIN')
        await client.query("SET LOCAL lock_timeout = '3s'")
        await client.query(lock)
      } catch (error) {
        await client.end()
        throw error
      }
      // the server may have been restarted meanwhile
      return () => client.end().catch(() => {})
    },
    async cut() {
      await run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'houselights' AND pid <> pg_backend_pid()",
      )
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has exited
  }
}
