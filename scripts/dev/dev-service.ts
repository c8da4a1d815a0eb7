import { setTimeout as wait } from 'node:timers/promises'
import { inRoot } from '../lib/paths.mjs'
import { ServiceProcess } from '../lib/service-process.js'
import { isPeerMessage, type PeerMessage } from './peers.js'

/** ms; a service that ignores SIGTERM for longer is killed */
const STOP_MS = 5000
/** characters of stderr that an error page shows */
const ERROR_LENGTH = 20_000

/** The service is not running: `message` is what it printed before it ended. */
export class ServiceDown extends Error {}

/** A running service. */
export interface Running {
  readonly port: number
  /** Makes the connection that the front opened from `port` count as the client's; resolves once it does. */
  introduce(port: number, address: string): Promise<void>
}

export interface DevServiceOptions {
  env: NodeJS.ProcessEnv
  /** a line for the terminal */
  say(line: string): void
  /** The service answers again after it had failed: pages that show the failure can load anew. */
  onRecovery(): void
}

/** The service from its sources, in a process of its own that can be replaced. */
export class DevService {
  private process: ServiceProcess | null = null
  private current: Promise<Running> = Promise.reject(new ServiceDown('The service has not started yet.'))
  private changes: Promise<void> = Promise.resolve()
  private hasFailed = false
  private isClosed = false

  constructor(private readonly options: DevServiceOptions) {
    this.current.catch(() => {})
  }

  /** Resolves to the service once it answers. Throws a ServiceDown when its start failed. */
  running(): Promise<Running> {
    return this.current
  }

  /** Replaces the process, after `prepare`. Requests wait meanwhile. Resolves to whether the new one answers. */
  async restart(prepare: () => Promise<void> = async () => {}): Promise<boolean> {
    const next = this.changes.then(async () => {
      await this.end()
      await prepare()
      return await this.spawn()
    })
    this.current = next
    this.changes = next.then(
      () => {},
      () => {},
    )
    try {
      await next
      if (this.hasFailed) this.options.onRecovery()
      this.hasFailed = false
      return true
    } catch (error) {
      this.hasFailed = true
      // what the service itself printed is on the terminal
      if (!(error instanceof ServiceDown))
        this.options.say(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.end()
    await this.changes
  }

  /** Ends it without waiting. */
  kill(): void {
    this.process?.signal('SIGKILL')
  }

  private async end(): Promise<void> {
    const running = this.process
    this.process = null
    if (!running?.isRunning) return
    running.signal('SIGTERM')
    const deadline = new AbortController()
    const tooLate = wait(STOP_MS, undefined, { signal: deadline.signal }).then(() =>
      running.signal('SIGKILL'),
    )
    await running.ended
    deadline.abort()
    await tooLate.catch(() => {})
  }

  private spawn(): Promise<Running> {
    if (this.isClosed) return Promise.reject(new ServiceDown('npm run dev is ending.'))
    let errors = ''
    const acknowledged = new Map<number, () => void>()
    return new Promise<Running>((resolve, reject) => {
      const child = new ServiceProcess({
        args: [
          '--import',
          import.meta.resolve('tsx'),
          '--import',
          import.meta.resolve('./peers.ts'),
          inRoot('src/server.ts'),
        ],
        env: { ...this.options.env, HOST: '127.0.0.1', PORT: '0' },
        cwd: inRoot(),
        onComplaint: (chunk) => {
          process.stderr.write(chunk)
          errors = `${errors}${chunk.toString()}`.slice(-ERROR_LENGTH)
        },
        onMessage: (message) => {
          if (isPeerMessage(message)) acknowledged.get(message.port)?.()
          if (isListening(message)) resolve({ port: message.port, introduce })
        },
      })
      const introduce = (port: number, address: string) =>
        new Promise<void>((done) => {
          const settle = () => {
            acknowledged.delete(port)
            done()
          }
          acknowledged.set(port, settle)
          child.send({ type: 'peer', port, address } satisfies PeerMessage, settle)
        })
      this.process = child
      void child.ended.then(({ code, signal }) => {
        const down = new ServiceDown(errors.trim() || `The service ended (${signal ?? `exit code ${code}`}).`)
        for (const settle of acknowledged.values()) settle()
        reject(down)
        if (this.process !== child || this.isClosed) return
        // it ended by itself: requests fail with the reason instead of waiting
        this.process = null
        this.hasFailed = true
        this.current = Promise.reject(down)
        this.current.catch(() => {})
        this.options.say('the service is down; the next change starts it again')
      })
    })
  }
}

function isListening(message: unknown): message is { type: 'listening'; port: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'listening'
}
