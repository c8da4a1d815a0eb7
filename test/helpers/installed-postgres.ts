import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePort } from '../../scripts/cluster/programs.js'
import { chooseOwner } from '../../src/database/embedded/run-as.js'
import { withClient } from './database-template.js'
import { PROGRAM_PATIENCE } from './deadline.js'
import { gone } from './embedded-servers.js'
import { type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'
import { until } from './until.js'

// PostgreSQL as the system's packages install it, of another version than the embedded one.

export const POSTGRES: Program = {
  name: 'PostgreSQL',
  // Debian's are not on the PATH, or without pg_basebackup beside them
  commands: process.platform === 'linux' ? [] : ['pg_basebackup'],
  get paths() {
    const home = '/usr/lib/postgresql'
    return existsSync(home) ? readdirSync(home).map((version) => join(home, version, 'bin', 'postgres')) : []
  },
  apt: { debian: 'postgresql', ubuntu: 'postgresql' },
  remedy: { darwin: 'brew install postgresql@15', other: 'install PostgreSQL with the package manager' },
}

/** The folder of initdb, postgres and pg_basebackup. */
const binaries = (): string => dirname(requireProgram(POSTGRES))

export interface InstalledPostgres {
  port: number
  urlOf(database: string): string
  /** Makes a hot standby of it that streams, and that every commit waits for from then on. */
  standby(): Promise<InstalledPostgres>
  promote(): Promise<void>
  /** SIGKILL to all of its processes */
  kill(): Promise<void>
}

/** Starts an empty server of the test's own, with the user `houselights`; it and its files are gone at teardown. */
export async function startInstalledPostgres(t: Teardown): Promise<InstalledPostgres> {
  const folder = ownFolder(t)
  run(folder, 'initdb', [
    '-D',
    join(folder, 'data'),
    '-U',
    'houselights',
    '--no-sync',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  ])
  return await open(t, folder)
}

function ownFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-pg-'))
  const owner = chooseOwner()
  if (owner) chownSync(folder, owner.uid, owner.gid)
  chmodSync(folder, 0o700)
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

function run(folder: string, program: string, args: string[]): void {
  const { status, stderr } = spawnSync(join(binaries(), program), args, {
    ...chooseOwner(),
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  })
  if (status !== 0) throw new Error(`${program}: ${stderr}`)
}

async function open(t: Teardown, folder: string): Promise<InstalledPostgres> {
  const port = await freePort()
  const urlOf = (name: string) => `postgresql://houselights@127.0.0.1:${port}/${name}`
  let child: ChildProcess | null = null
  const kill = async () => {
    const { pid } = child ?? {}
    child = null
    if (pid !== undefined) await killServer(pid)
  }
  const launch = () =>
    spawn(join(binaries(), 'postgres'), ['-D', join(folder, 'data'), '-p', `${port}`], {
      ...chooseOwner(),
      cwd: folder,
      stdio: 'ignore',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
    })
  const start = async () => {
    const answers = () => {
      // it ends at once while a process of the killed one is left
      if (child === null || child.exitCode !== null) child = launch()
      return withClient(urlOf('postgres'), () => Promise.resolve(true)).catch(() => false)
    }
    await until(answers, 'PostgreSQL to start', PROGRAM_PATIENCE)
  }
  // a killed process loses nothing without fsync, only a machine does
  writeFileSync(
    join(folder, 'data', 'postgresql.auto.conf'),
    "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nlog_min_messages = fatal\nfsync = off\n",
    { flag: 'a' },
  )
  t.teardown(kill)
  await start()
  return {
    port,
    urlOf,
    kill,
    async promote() {
      await withClient(urlOf('postgres'), (client) => client.query('SELECT pg_promote()'))
    },
    async standby() {
      const copy = ownFolder(t)
      const from = `host=127.0.0.1 port=${port} user=houselights application_name=standby`
      run(copy, 'pg_basebackup', ['-D', join(copy, 'data'), '-d', from, '-R', '-X', 'stream', '-c', 'fast'])
      const standby = await open(t, copy)
      await withClient(urlOf('postgres'), async (client) => {
        await client.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
        await client.query('SELECT pg_reload_conf()')
        await until(async () => {
          const { rows } = await client.query('SELECT sync_state FROM pg_stat_replication')
          return rows[0]?.sync_state === 'sync'
        }, 'the standby to be synchronous')
      })
      return standby
    },
  }
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  const pairs = process.platform === 'linux' ? readProcesses() : askPs()
  return pairs.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []))
}

/** Pids and their parents'. A container may have no `ps`. */
const readProcesses = (): number[][] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // behind the name, which may contain anything: state and parent
        const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        return [[Number(name), Number(parent)]]
      } catch {
        return []
      }
    })

const askPs = (): number[][] =>
  spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .stdout.split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))

/** SIGKILL to a server and all of its processes; waits for their end. */
export async function killServer(pid: number): Promise<void> {
  // the postmaster first, so that it starts no more
  const pids = [pid, ...childrenOf(pid)]
  for (const each of pids) {
    try {
      process.kill(each, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
  await Promise.all(pids.map(gone))
}
