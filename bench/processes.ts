import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Teardown } from '../test/helpers/teardown.js'
import type { LoadCommand, LoadResult } from './load/main.mjs'
import type { Command, Listening, Usage } from './servers/measured.mjs'

// The processes of a run. What is measured has one core, the load another, where the machine can say so.

const SERVER_CORE = 0
const LOAD_CORE = 1

/** Whether processes are bound to cores: with `taskset`, on two cores or more. */
export const isPinned: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

function start(file: string, core: number, { env = {}, flags = [] }: StartOptions): ChildProcess {
  const { PATH = '' } = process.env
  return fork(file, [], {
    env: { PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...(isPinned
      ? { execPath: 'taskset', execArgv: ['-c', `${core}`, process.execPath, ...flags] }
      : { execArgv: [...flags] }),
  })
}

/** Binds a running process, with its threads, to the core of what is measured. */
export function pin(pid: number): void {
  if (isPinned) spawnSync('taskset', ['-a', '-cp', `${SERVER_CORE}`, `${pid}`])
}

interface StartOptions {
  env?: Record<string, string>
  /** of Node */
  flags?: readonly string[]
}

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process exited with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message: T & { error?: string }) => {
      child.off('exit', onExit)
      if (message.error) reject(new Error(message.error))
      else resolve(message)
    })
  })
}

/** A process under load. */
export class Measured {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** `file` is absolute, or relative to this folder. Resolves once it listens. */
  static async start(t: Teardown, file: string, options: StartOptions = {}): Promise<Measured> {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const child = start(path, SERVER_CORE, options)
    t.teardown(() => child.kill('SIGKILL'))
    const { port } = await nextMessage<Listening>(child)
    return new Measured(child, port)
  }

  async usage(): Promise<Usage> {
    const reply = nextMessage<Usage>(this.child)
    this.child.send({ do: 'usage' } satisfies Command)
    return await reply
  }

  /** CPU of the process while `work` runs, in µs, with the garbage collection that it causes. */
  async cpuOf(work: () => Promise<unknown>): Promise<number> {
    const before = await this.cpu()
    await work()
    return (await this.cpu()) - before
  }

  private async cpu(): Promise<number> {
    const reply = nextMessage<Pick<Usage, 'cpu'>>(this.child)
    this.child.send({ do: 'cpu' } satisfies Command)
    return (await reply).cpu
  }

  /** Closes it in order, so that a profile is written. */
  async close(): Promise<void> {
    const ended = this.ended()
    this.child.send({ do: 'close' } satisfies Command)
    await ended
  }

  async kill(): Promise<void> {
    const ended = this.ended()
    this.child.kill('SIGKILL')
    await ended
  }

  private ended(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => this.child.once('exit', () => resolve()))
  }
}

const TICK_SECONDS = 0.01

/** Seconds of CPU, user and system, that a process has used; null where the system has no /proc. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    // the name, in parentheses, may contain spaces
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
  } catch {
    return null
  }
}

/** Bytes of memory that a process has; null where the system has no /proc. */
export function rssOf(pid: number): number | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return pages * 4096
  } catch {
    return null
  }
}

/** The process that opens sockets and makes calls. */
export class Load {
  /** the largest part of a core that it has used: near 1 it is the bottleneck */
  highestShare = 0
  private readonly child = start(fileURLToPath(new URL('./load/main.mjs', import.meta.url)), LOAD_CORE, {})

  constructor(t: Teardown) {
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  async run(command: LoadCommand): Promise<LoadResult> {
    const reply = nextMessage<LoadResult>(this.child)
    this.child.send(command)
    const result = await reply
    if (result.unexpected.length > 0) throw new Error(`calls failed: ${result.unexpected.join(', ')}`)
    // a share of a few milliseconds says nothing
    if (result.seconds > 0.1) this.highestShare = Math.max(this.highestShare, result.share)
    return result
  }
}
