import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { processIdentity } from '../../src/database/embedded/process-identity.js'
import { PROGRAM_PATIENCE, within } from './deadline.js'
import { nodeArguments } from './source-program.js'
import type { Teardown } from './teardown.js'
import { until } from './until.js'

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

/** A data directory of the test's own; at teardown a server that is left in it is ended, and all is removed. */
export function dataDirectory(t: Teardown): string {
  const directory = mkdtempSync(join(tmpdir(), 'houselights-'))
  t.teardown(async () => {
    const pid = postmasterPid(directory)
    if (pid !== undefined) {
      process.kill(pid, 'SIGQUIT')
      await gone(pid)
    }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  return directory
}

/** The server that runs in the directory. */
export function postmasterPid(directory: string): number | undefined {
  const path = join(directory, 'postgres', 'data', 'postmaster.pid')
  if (!existsSync(path)) return undefined
  const pid = Number(readFileSync(path, 'utf8').split('\n')[0])
  return isRunning(pid) ? pid : undefined
}

/** A zombie, which only waits for its parent to take notice, does not run. */
export const isRunning = (pid: number): boolean => processIdentity(pid) !== undefined

/** Waits for the process's end. */
export const gone = (pid: number): Promise<true> =>
  until(() => !isRunning(pid), `the end of ${pid}`, PROGRAM_PATIENCE)

export interface ServerUser {
  readonly process: ChildProcess
  /** what it said once it had the server */
  readonly ready: Promise<{ url: string }>
  /** has it release the server, or exit without, and waits for its end */
  end(how?: 'release' | 'exit'): Promise<void>
  /** kills it and all of its process group, without a warning */
  killGroup(): Promise<void>
}

/** Another process that uses the server of the directory, in a process group of its own. */
export function startUser(t: Teardown, directory: string, options: SpawnOptions & { script?: string } = {}) {
  const { script, ...spawnOptions } = options
  const program = script ? ['--import=tsx', script] : nodeArguments('test/database/server-user.ts')
  const child = spawn(process.execPath, [...program, directory], {
    cwd: PROJECT,
    ...spawnOptions,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const errors: string[] = []
  child.stderr.on('data', (chunk) => errors.push(String(chunk)))
  child.stdin.on('error', () => {})
  t.teardown(() => child.kill('SIGKILL'))
  const killGroup = async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await exited
  }
  const ready = within(
    firstLine(child, exited, errors),
    PROGRAM_PATIENCE,
    () => `the server (${errors.join('')})`,
  )
  // Those who kill it before do not wait for it.
  ready.catch(() => {})
  const end = async (how = 'release') => {
    child.stdin.write(`${how}\n`)
    await within(exited, PROGRAM_PATIENCE, 'its end')
  }
  return { process: child, ready, end, killGroup } satisfies ServerUser
}

async function firstLine(child: ChildProcess, exited: Promise<unknown>, errors: readonly string[]) {
  if (child.stdout === null) throw new Error('no output')
  const early = exited.then(() => Promise.reject(new Error(`it ended: ${errors.join('')}`)))
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early])
  return JSON.parse(String(line)) as { url: string }
}
