import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, prepareToRun, readSettings, serverEnvironment, writeSettings } from './cluster.js'
import { EmbeddedServerError } from './embedded-server-error.js'
import { findPostmaster, requestStop } from './postmaster.js'
import { commandLine } from './run-as.js'

/** ms; crash recovery replays what was written since the last checkpoint, which takes seconds */
const START_DEADLINE = 60_000
/** bytes */
const LOG_LIMIT = 10 * 1024 * 1024

/** Transient failures: another program took the port meanwhile, or children of a killed server are still exiting. */
const TRANSIENT =
  /could not (bind|create any TCP)|pre-existing shared memory block|lock file "postmaster.pid" already/

interface Attempt {
  ended: boolean
  readonly logStart: number
}

/**
 * Starts the server, or waits for one that is starting, recovering or stopping. The server is detached: neither the
 * exit of this process nor a signal to its group reaches it. Call only while holding the lock.
 * @returns its port
 * @throws {EmbeddedServerError} with PostgreSQL's message, when it is not ready within a minute
 */
export async function ensurePostmaster(cluster: Cluster): Promise<number> {
  const giveUpAt = Date.now() + START_DEADLINE
  let attempt: Attempt | undefined
  for (;;) {
    const found = findPostmaster(cluster)
    if (found?.state === 'ready') return found.port
    // the process that marked it as stopping may have been killed before it sent the signal
    if (found?.state === 'stopping') requestStop(cluster, found)
    if (found === undefined && attempt === undefined) attempt = await start(cluster)
    const reason = attempt?.ended ? readFailure(cluster, attempt.logStart) : ''
    if (reason !== '' && !TRANSIENT.test(reason)) throw failure(cluster, `failed with "${reason}"`)
    if (attempt?.ended) attempt = undefined
    if (Date.now() > giveUpAt) throw failure(cluster, `was not ready within ${START_DEADLINE / 1000} s`)
    await wait(reason === '' ? 5 : 100)
  }
}

function failure(cluster: Cluster, what: string): EmbeddedServerError {
  const remedy = what.includes('incompatible')
    ? `its files are from another version: remove ${cluster.home} to start with an empty database`
    : `see ${cluster.log}`
  return new EmbeddedServerError(`the embedded PostgreSQL ${what}: ${remedy}, or set DATABASE_URL`)
}

async function start(cluster: Cluster): Promise<Attempt> {
  const { binaries, runAs } = prepareToRun(cluster)
  const settings = readSettings(cluster)
  const port = await freePort(settings.port)
  if (port !== settings.port) writeSettings(cluster, { ...settings, port })
  const { file, args, ids } = commandLine(runAs, binaries.postgres, serverArguments(cluster, port))
  const { descriptor, size } = openLog(cluster)
  try {
    const options = { ...ids, cwd: '/', env: serverEnvironment(), detached: true } as const
    return watch(spawn(file, args, { ...options, stdio: ['ignore', descriptor, descriptor] }), size)
  } finally {
    closeSync(descriptor)
  }
}

function serverArguments(cluster: Cluster, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    // a development database needs no replication; commits still survive a power failure
    wal_level: 'minimal',
    max_wal_senders: 0,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  }
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', cluster.data, '-p', String(port), ...pairs]
}

function watch(child: ChildProcess, logStart: number): Attempt {
  const attempt = { ended: false, logStart }
  const end = () => {
    attempt.ended = true
  }
  child.once('exit', end).once('error', end)
  child.unref()
  return attempt
}

/** The port that the server used before, so that its URL stays the same, or another one if it is taken. */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer()
  const port = await new Promise<number | undefined>((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, () => {
      const address = server.address()
      resolve(typeof address === 'object' ? address?.port : undefined)
    })
  })
  await new Promise((resolve) => server.close(resolve))
  if (port !== undefined) return port
  if (wanted !== 0) return freePort()
  throw new EmbeddedServerError('no free port on 127.0.0.1 for the embedded PostgreSQL: set DATABASE_URL')
}

/** Opened here and passed on as a descriptor, so that PostgreSQL's account needs no access to the directory. */
function openLog(cluster: Cluster): { descriptor: number; size: number } {
  const size = statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_LIMIT) renameSync(cluster.log, `${cluster.log}.1`)
  return { descriptor: openSync(cluster.log, 'a', 0o600), size: size > LOG_LIMIT ? 0 : size }
}

/** Why an attempt failed, according to the log. */
function readFailure(cluster: Cluster, logStart: number): string {
  const lines = readFileSync(cluster.log).subarray(logStart).toString('utf8').trim().split('\n')
  const fatal = lines.filter((line) => /FATAL|PANIC|error|could not/i.test(line))
  const found = fatal.find((line) => TRANSIENT.test(line)) ?? fatal.at(-1) ?? lines.at(-1)
  return found?.trim() || 'nothing'
}
