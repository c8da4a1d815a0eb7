import { type ChildProcess, spawn } from 'node:child_process'

export interface ServiceOptions {
  /** arguments for Node: its options, then the service's entry */
  args: readonly string[]
  env: NodeJS.ProcessEnv
  cwd: string
  /** its log; without this it writes to this process's own stdout, even after this process was killed */
  onLog?(chunk: Buffer): void
  onComplaint(chunk: Buffer): void
  /** what it sends over IPC */
  onMessage?(message: unknown): void
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * Makes the service drain and exit when the process that started it is gone. The IPC channel closes while that process
 * is still being torn down, and would count as a user of the embedded database: the service waits for its own new parent.
 */
const WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
  const parent = process.ppid
  const end = (tries) => {
    if (process.ppid === parent && tries > 0) setTimeout(end, 10, tries - 1)
    else process.kill(process.pid, 'SIGTERM')
  }
  process.on('disconnect', () => end(200))
  process.channel?.unref()
`)}`

/** The service in a process of its own. */
export class ServiceProcess {
  readonly ended: Promise<Ending>
  private readonly child: ChildProcess
  private ending: Ending | null = null

  constructor({ args, env, cwd, onLog, onComplaint, onMessage }: ServiceOptions) {
    this.child = spawn(process.execPath, ['--import', WITH_PARENT, ...args], {
      cwd,
      env,
      // its own process group: Ctrl-C at the terminal would reach it a second time, and a second signal skips the drain
      detached: true,
      stdio: ['ignore', onLog ? 'pipe' : 'inherit', 'pipe', 'ipc'],
    })
    if (onLog) this.child.stdout?.on('data', onLog)
    this.child.stderr?.on('data', onComplaint)
    if (onMessage) this.child.on('message', onMessage)
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

  /** Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.child.kill(signal)
  }

  /** Sends a message over IPC; calls back only when it cannot be sent. */
  send(message: object, failed: () => void): void {
    if (this.isRunning) this.child.send(message, (error) => error && failed())
    else failed()
  }
}
