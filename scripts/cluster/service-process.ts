import { type ChildProcess, spawn } from 'node:child_process'

export interface ServiceOptions {
  /** what Node runs: the service's entry, with Node's own options before it if need be */
  args: readonly string[]
  env: NodeJS.ProcessEnv
  cwd: string
  onLog(chunk: Buffer): void
  onComplaint(chunk: Buffer): void
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Ends the service in its own time when the process that started it is no more. */
const WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  "process.on('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel?.unref()",
)}`

/** One node as a process of its own. */
export class ServiceProcess {
  readonly ended: Promise<Ending>
  private readonly child: ChildProcess
  private ending: Ending | null = null

  constructor({ args, env, cwd, onLog, onComplaint }: ServiceOptions) {
    this.child = spawn(process.execPath, ['--import', WITH_PARENT, ...args], {
      cwd,
      env,
      // of a group of its own: a Ctrl-C at the terminal would reach it twice, and the second does not wait
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.child.stdout?.on('data', onLog)
    this.child.stderr?.on('data', onComplaint)
    this.ended = new Promise<Ending>((resolve) => {
      this.child.once('error', () => resolve({ code: null, signal: null }))
      this.child.once('close', (code, signal) => resolve({ code, signal }))
    }).then((ending) => {
      this.ending = ending
      return ending
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.ending === null && this.child.exitCode === null && this.child.signalCode === null
  }

  /** Nothing when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.child.kill(signal)
  }
}
