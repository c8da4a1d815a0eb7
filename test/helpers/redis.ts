import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../scripts/cluster/programs.js'
import { PATIENCE, within } from './deadline.js'
import { type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'

export const REDIS: Program = {
  name: 'Redis',
  commands: ['redis-server', 'valkey-server'],
  apt: { debian: 'redis-server', ubuntu: 'redis-server' },
  remedy: {
    darwin: 'brew install redis',
    other: 'install Redis or Valkey with the package manager, or set REDIS_URL',
  },
}

/** A Redis of a test's own, to be hurt. */
export interface OwnRedis {
  readonly url: string
  readonly port: number
  /** Holds it still (SIGSTOP): connections stay and nothing answers. */
  pause(): void
  resume(): void
  /** Kills it (SIGKILL) and waits for its end. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port; kills it before if it runs. */
  restart(): Promise<void>
}

/** Starts a Redis that nobody else uses; it is gone when the test ends, however it ends. */
export async function startRedis(t: Teardown): Promise<OwnRedis> {
  const program = requireProgram(REDIS)
  let running = await launchOnFreePort(program)
  const { port } = running
  t.teardown(() => running.kill())
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pause: () => running.signal('SIGSTOP'),
    resume: () => running.signal('SIGCONT'),
    kill: () => running.kill(),
    async restart() {
      await running.kill()
      running = await launch(program, port)
    },
  }
}

let shared: Promise<Running> | undefined

/**
 * The URL of a Redis for tests that do it no harm: REDIS_URL, or else one server for each test file, so that files
 * which run at once hear nothing of each other. (It starts in about 15 ms.)
 */
export async function testRedis(): Promise<string> {
  if (process.env.REDIS_URL) return process.env.REDIS_URL
  shared ??= launchOnFreePort(requireProgram(REDIS))
  return `redis://127.0.0.1:${(await shared).port}`
}

interface Running {
  port: number
  signal(signal: NodeJS.Signals): void
  kill(): Promise<void>
}

async function launchOnFreePort(program: string, tries = 5): Promise<Running> {
  try {
    return await launch(program, await freePort())
  } catch (error) {
    // between the look and the start another process may take the port
    if (tries <= 1) throw error
    return launchOnFreePort(program, tries - 1)
  }
}

const folders = new Set<string>()
process.once('exit', () => folders.forEach(removeFolder))

function removeFolder(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

/** The shell outlives the server by nothing, and the server this process by nothing: the pipe's end kills it. */
const KEEPER =
  '"$0" "$@" & server=$!; echo "pid $server"; (cat >/dev/null <&3; kill -9 $server 2>/dev/null) & wait $server'

async function launch(program: string, port: number): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-redis-'))
  const args = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ]
  const child = spawn('sh', ['-c', KEEPER, program, ...args], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  folders.add(folder)
  ended.then(() => removeFolder(folder))
  const pid = await within(readiness(child, ended), PATIENCE, 'Redis to start')
  // the process may end while it runs
  child.unref()
  for (const pipe of child.stdio) if (pipe instanceof Socket) pipe.unref()
  return {
    port,
    signal: (signal) => signalTo(pid, signal),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.ref()
      signalTo(pid, 'SIGKILL')
      for (const pipe of child.stdio) pipe?.destroy()
      await within(ended, PATIENCE, 'Redis to end')
    },
  }
}

/** The server's own pid, once it takes connections. */
function readiness(child: ChildProcess, ended: Promise<void>): Promise<number> {
  return new Promise((resolve, reject) => {
    let pid = 0
    let last = ''
    if (!child.stdout) return reject(new Error('no output to read'))
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = line
      if (line.startsWith('pid ')) pid = Number(line.slice(4))
      if (/ready to accept connections/i.test(line)) resolve(pid)
    })
    child.once('error', reject)
    ended.then(() => reject(new Error(`Redis did not start: ${last}`)))
  })
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended
  }
}
