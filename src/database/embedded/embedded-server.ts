import { renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type Cluster, clusterAt, ensureCluster, makeDirectory, readSettings, USER } from './cluster.js'
import { EmbeddedServerError } from './embedded-server-error.js'
import { hasCode, tryLock, unlinkIfExists, withLock } from './file-lock.js'
import { addLease, countLeases, lockPath } from './leases.js'
import { findPostmaster, requestStop, stopPostmaster } from './postmaster.js'
import { ensurePostmaster } from './start-server.js'

export { EmbeddedServerError }

/** ms; longer than any holder keeps the lock: initdb, start and stop have deadlines of their own */
const LOCK_DEADLINE = 240_000
const CONNECT_DEADLINE = 30_000
const DATABASE = 'houselights'

/** One use of the embedded PostgreSQL server. */
export interface EmbeddedServer {
  /** URL of the database `houselights`, as the cluster's owner */
  readonly url: string
  /** The URL of another database of the server. */
  urlOf(database: string): string
  /**
   * Creates a database, as a copy of `template` if given; the template must have no connections.
   * @returns its URL
   */
  createDatabase(name: string, options?: { template?: string }): Promise<string>
  /** Drops a database and closes its connections. Does nothing if it does not exist. */
  dropDatabase(name: string): Promise<void>
  /**
   * Restarts the server if it has crashed or was killed. Cheap while it runs.
   * @throws {EmbeddedServerError} when it cannot be started, or not at its URL
   */
  revive(): Promise<void>
  /**
   * Ends this use. The last one stops the server cleanly and waits for it. Can be called more than once.
   * @throws {EmbeddedServerError} when the server does not stop within 30 s
   */
  release(): Promise<void>
}

export interface AcquireOptions {
  dataDirectory: string
  /** Whether the caller can use the database; if not, its files are set aside and a new database is created. */
  accepts?(url: string): Promise<boolean>
  /** Called with the folder that the files were moved to. */
  onSetAside?(folder: string): void
}

/**
 * Acquires the PostgreSQL server under `<dataDirectory>/postgres`: creates its cluster at the first use, starts it if
 * it is not running, and creates the database `houselights`. All processes that use a directory share its server. The
 * server outlives a killed process; the next process finds it, and the last one to release it stops it. A process
 * that exits without `release` gives up its use, but does not wait for the server to stop.
 *
 * @throws {EmbeddedServerError} when PostgreSQL cannot run here, in one line that names the remedy
 */
export async function acquireEmbeddedServer(options: AcquireOptions): Promise<EmbeddedServer> {
  const directory = resolve(options.dataDirectory)
  const use = { cluster: clusterAt(join(directory, 'postgres')), users: join(directory, 'postgres-users') }
  makeDirectory(directory)
  makeDirectory(use.users)
  return withLock(lockPath(use.users), LOCK_DEADLINE, async () => {
    const lease = addLease(use.users)
    try {
      await ensureCluster(use.cluster)
      let urlOf = await ensureReady(use)
      if (options.accepts && !(await options.accepts(urlOf(DATABASE)))) {
        options.onSetAside?.(await setAside(use))
        urlOf = await ensureReady(use)
      }
      return createServer(use, lease, urlOf)
    } catch (error) {
      unlinkIfExists(lease)
      throw error
    }
  })
}

interface Use {
  readonly cluster: Cluster
  readonly users: string
}

/** Moves the cluster's files to another folder, which it returns, and creates an empty cluster. Holds the lock. */
async function setAside({ cluster, users }: Use): Promise<string> {
  if (countLeases(users) > 1) {
    throw new EmbeddedServerError(
      'the embedded database has migrations of another version and is in use by other processes: stop them, then start again',
    )
  }
  await stopPostmaster(cluster)
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+Z/g, '')
  const folder = `${cluster.home}-set-aside-${timestamp}`
  renameSync(cluster.home, folder)
  await ensureCluster(cluster)
  return folder
}

/** Starts the server if it is not running; resolves once the database accepts connections. */
async function ensureReady({ cluster }: Use): Promise<(database: string) => string> {
  const giveUpAt = Date.now() + CONNECT_DEADLINE
  for (;;) {
    const port = await ensurePostmaster(cluster)
    const { password } = readSettings(cluster)
    const urlOf = (name: string) =>
      `postgresql://${USER}:${password}@127.0.0.1:${port}/${encodeURIComponent(name)}`
    try {
      await ensureDatabase(urlOf)
      return urlOf
    } catch (error) {
      // another process may be stopping the server: start it again
      if (!isTransient(error) || Date.now() > giveUpAt) throw unusable(error, cluster.home)
      await wait(20)
    }
  }
}

async function ensureDatabase(urlOf: (name: string) => string): Promise<void> {
  try {
    await query(urlOf(DATABASE), () => 'SELECT 1')
  } catch (error) {
    if (!hasCode(error, '3D000')) throw error
    await query(urlOf('postgres'), (client) => `CREATE DATABASE ${client.escapeIdentifier(DATABASE)}`)
  }
}

const isTransient = (error: unknown): boolean =>
  ['57P01', '57P03', 'ECONNREFUSED', 'ECONNRESET'].some((code) => hasCode(error, code))

function unusable(error: unknown, home: string): EmbeddedServerError {
  const reason = error instanceof Error ? error.message : String(error)
  return new EmbeddedServerError(
    `the embedded PostgreSQL runs but cannot be used (${reason}): see ${join(home, 'server.log')}, or remove ${home} to start with an empty database`,
  )
}

async function query(url: string, sql: (client: pg.Client) => string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    ssl: false,
    connectionTimeoutMillis: CONNECT_DEADLINE,
  })
  // without a listener, a connection that breaks while idle would crash the process
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sql(client))
  } finally {
    await client.end()
  }
}

/** This process's leases by path; an exit listener releases those that are left. */
const held = new Map<string, Use>()
let watchesExit = false

function releaseAtExit(use: Use, lease: string): void {
  held.set(lease, use)
  if (watchesExit) return
  watchesExit = true
  process.once('exit', () => {
    for (const [path, itsUse] of held) releaseNow(itsUse, path)
  })
}

function createServer(use: Use, lease: string, urlOf: (name: string) => string): EmbeddedServer {
  let released: Promise<void> | undefined
  releaseAtExit(use, lease)
  return {
    url: urlOf(DATABASE),
    urlOf,
    async createDatabase(name, { template } = {}) {
      const copy = (client: pg.Client) =>
        template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`
      await query(urlOf('postgres'), (c) => `CREATE DATABASE ${c.escapeIdentifier(name)}${copy(c)}`)
      return urlOf(name)
    },
    async dropDatabase(name) {
      await query(
        urlOf('postgres'),
        (c) => `DROP DATABASE IF EXISTS ${c.escapeIdentifier(name)} WITH (FORCE)`,
      )
    },
    async revive() {
      if (released || findPostmaster(use.cluster)) return
      await withLock(lockPath(use.users), LOCK_DEADLINE, async () => {
        if (released || (await ensureReady(use))(DATABASE) === urlOf(DATABASE)) return
        throw new EmbeddedServerError(
          'the embedded PostgreSQL restarted on another port: restart the service',
        )
      })
    },
    release() {
      released ??= release(use, lease).finally(() => held.delete(lease))
      return released
    },
  }
}

async function release({ cluster, users }: Use, lease: string): Promise<void> {
  await withLock(lockPath(users), LOCK_DEADLINE, async () => {
    unlinkIfExists(lease)
    if (countLeases(users) === 0) await stopPostmaster(cluster)
  })
}

/**
 * The synchronous part of `release`, for the exit listener. A process that holds the lock for longer is starting the
 * server for itself, and will stop it later.
 */
function releaseNow({ cluster, users }: Use, lease: string): void {
  const sleepCell = new Int32Array(new SharedArrayBuffer(4))
  let unlock = tryLock(lockPath(users))
  for (let tries = 0; unlock === undefined && tries < 200; tries += 1) {
    Atomics.wait(sleepCell, 0, 0, 5)
    unlock = tryLock(lockPath(users))
  }
  unlinkIfExists(lease)
  if (unlock === undefined) return
  try {
    const running = countLeases(users) === 0 ? findPostmaster(cluster) : undefined
    if (running !== undefined) requestStop(cluster, running)
  } finally {
    unlock()
  }
}
