import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Binaries, findBinaries } from './binaries.js'
import { EmbeddedServerError } from './embedded-server-error.js'
import { chooseOwner, commandLine, findRunAs, isRoot, type RunAs } from './run-as.js'

/** the cluster's only account; it may create databases, which tests and shadow databases need */
export const USER = 'houselights'

/** ms */
const INITDB_DEADLINE = 120_000

/** The paths of one PostgreSQL cluster. */
export interface Cluster {
  readonly home: string
  readonly data: string
  readonly log: string
}

/** What is kept between starts. */
export interface Settings {
  readonly password: string
  readonly port?: number
}

export function clusterAt(home: string): Cluster {
  return { home, data: join(home, 'data'), log: join(home, 'server.log') }
}

/** Creates a directory that only its user may enter; root's may also be traversed, for PostgreSQL's account. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: isRoot() ? 0o711 : 0o700 })
  const mode = statSync(path).mode & 0o7777
  const wanted = isRoot() ? mode | 0o011 : mode
  if (wanted !== mode) chmodSync(path, wanted)
}

/** @throws {EmbeddedServerError} when the settings can't be read */
export function readSettings({ home }: Cluster): Settings {
  const path = join(home, 'settings.json')
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Settings
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EmbeddedServerError(
      `the embedded PostgreSQL's password can't be read (${reason}): start as the user who started it first, or remove ${home} to start with an empty database`,
    )
  }
}

/** Replaces the settings atomically. */
export function writeSettings({ home }: Cluster, settings: Settings): void {
  const draft = join(home, 'settings.json.new')
  writeFileSync(draft, `${JSON.stringify(settings)}\n`, { mode: 0o600 })
  renameSync(draft, join(home, 'settings.json'))
}

/** The programs, and an account that can run them and read the cluster. */
export function prepareToRun(cluster: Cluster): { binaries: Binaries; runAs: RunAs } {
  const binaries = findBinaries()
  const share = join(dirname(dirname(binaries.postgres)), 'share', 'postgresql')
  const reached = [cluster.data, binaries.postgres, binaries.initdb, share]
  return { binaries, runAs: findRunAs(chooseOwner(cluster.data), reached) }
}

/**
 * Creates the cluster if it does not exist: under a temporary name, which is then renamed, so that a cluster is
 * complete even if this process is killed. Call only while holding the lock.
 * @throws {EmbeddedServerError} when initdb fails, or the directory is not a cluster of the installed PostgreSQL
 */
export async function ensureCluster(cluster: Cluster): Promise<void> {
  const versionFile = join(cluster.data, 'PG_VERSION')
  if (existsSync(versionFile)) return requireSameMajor(cluster, readFileSync(versionFile, 'utf8').trim())
  if (existsSync(cluster.home)) {
    throw new EmbeddedServerError(
      `${cluster.home} is not a PostgreSQL cluster: remove it to start with an empty database, or set DATABASE_URL`,
    )
  }
  const parent = dirname(cluster.home)
  for (const name of readdirSync(parent)) {
    // left by a killed process, whose initdb may still be writing there: hence the retries
    if (name.startsWith('postgres.init-')) rmSync(join(parent, name), { recursive: true, maxRetries: 5 })
  }
  const draft = clusterAt(join(parent, `postgres.init-${randomBytes(6).toString('hex')}`))
  try {
    await initialize(draft)
    renameSync(draft.home, cluster.home)
    syncDirectory(parent)
  } finally {
    rmSync(draft.home, { recursive: true, force: true, maxRetries: 5 })
  }
}

function requireSameMajor({ home }: Cluster, major: string): void {
  const installed = findBinaries().major
  if (major === installed) return
  throw new EmbeddedServerError(
    `${home} was created by PostgreSQL ${major}, and PostgreSQL ${installed} is installed: rename it to start with an empty database, into which "npm run restore" reads a backup made before the update`,
  )
}

async function initialize(cluster: Cluster): Promise<void> {
  const owner = chooseOwner()
  makeDirectory(cluster.home)
  mkdirSync(cluster.data, { mode: 0o700 })
  const password = randomBytes(24).toString('base64url')
  const passwordFile = join(cluster.home, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner !== undefined) {
    for (const path of [cluster.data, passwordFile]) chownSync(path, owner.uid, owner.gid)
  }
  const { binaries, runAs } = prepareToRun(cluster)
  await runInitdb(binaries, runAs, cluster, passwordFile)
  rmSync(passwordFile)
  writeSettings(cluster, { password })
}

async function runInitdb(binaries: Binaries, runAs: RunAs, cluster: Cluster, passwordFile: string) {
  const { file, args, ids } = commandLine(runAs, binaries.initdb, [
    `--pgdata=${cluster.data}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's built-in provider sorts and folds the same on every system, and needs no system locales
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ])
  const options = { ...ids, cwd: '/', env: serverEnvironment(), timeout: INITDB_DEADLINE }
  try {
    await promisify(execFile)(file, args, options)
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    const line =
      output.split('\n').find((text) => /error|fatal|not found|denied/i.test(text)) ?? output.trim()
    throw new EmbeddedServerError(
      `the embedded PostgreSQL could not be set up (initdb: ${line.trim() || 'timed out'}): check that ${cluster.home} is writable and has 100 MB free, or set DATABASE_URL`,
    )
  }
}

/**
 * Nothing of the user's environment, because PGDATA, PGOPTIONS and the like would change the server. Messages stay in
 * English, because some are parsed.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
