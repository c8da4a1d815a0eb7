import { type ChildProcess, spawn } from 'node:child_process'

/** ms after which a process that does not end at its second signal is killed */
const ABORT_MS = 2000

export interface ServiceOptions {
  /** arguments for Node: its options, then the service's entry */
  args: readonly string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** stdout; without this it is this process's own stdout, even after this process was killed */
  onLog?(chunk: Buffer): void
  onStderr(chunk: Buffer): void
  /** messages over IPC */
  onMessage?(message: unknown): void
}

export interface ExitStatus {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * Makes the service drain and exit when the process that started it is gone. The IPC channel closes while that process
 * is still being torn down and would still count as a user of the embedded database, so the service waits until it has
 * another parent.
 */
const EXIT_WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
  const parent = process.ppid
  const end = (tries) => {
    if (process.ppid === parent && tries > 0) setTimeout(end, 10, tries - 1)
    else process.kill(process.pid, 'SIGTERM')
  }
  process.on('disconnect', () => end(200))
  process.channel?.unref()
`)}`

/** The service in a child process. */
export class ServiceProcess {
  readonly ended: Promise<ExitStatus>
  private readonly child: ChildProcess
  private status: ExitStatus | null = null

  constructor({ args, env, cwd, onLog, onStderr, onMessage }: ServiceOptions) {
    this.child = spawn(process.execPath, ['--import', EXIT_WITH_PARENT, ...args], {
      cwd,
      env,
      // its own process group: Ctrl-C at the terminal would reach it a second time, and a second signal skips the drain
      detached: true,
      stdio: ['ignore', onLog ? 'pipe' : 'inherit', 'pipe', 'ipc'],
    })
    if (onLog) this.child.stdout?.on('data', onLog)
    this.child.stderr?.on('data', onStderr)
    if (onMessage) this.child.on('message', onMessage)
    this.ended = new Promise<ExitStatus>((resolve) => {
      this.child.once('error', () => resolve({ code: null, signal: null }))
      this.child.once('close', (code, signal) => resolve({ code, signal }))
    }).then((status) => {
      this.status = status
      return status
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.status === null && this.child.exitCode === null && this.child.signalCode === null
  }

  /** Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.child.kill(signal)
  }

  /** Ends it without a drain, but not by SIGKILL, which would leave an embedded database running. */
  async abort(): Promise<void> {
    // two different signals: the second is no copy of the first (src/stop-signals.ts)
    this.signal('SIGTERM')
    this.signal('SIGINT')
    const timer = setTimeout(() => this.signal('SIGKILL'), ABORT_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** Sends a message over IPC; calls `onFailure` when it cannot be sent. */
  send(message: object, onFailure: () => void): void {
    if (this.isRunning) this.child.send(message, (error) => error && onFailure())
    else onFailure()
  }
}
