import { setTimeout as wait } from 'node:timers/promises'
import { inRoot } from '../lib/paths.mjs'
import { ServiceProcess } from '../lib/service-process.js'
import { type ClientAddressMessage, isClientAddressMessage } from './client-addresses.js'

/** ms after which a service that ignores SIGTERM is killed */
const STOP_MS = 5000
/** characters of stderr that the error page shows */
const ERROR_LENGTH = 20_000

/** The service is not running. `message` is what it printed before it exited. */
export class ServiceDown extends Error {}

/** A running service. */
export interface Running {
  readonly port: number
  /** Gives the connection that the proxy opened from `port` its client's address. Resolves once the service has it. */
  setClientAddress(port: number, address: string): Promise<void>
}

export interface DevServiceOptions {
  env: NodeJS.ProcessEnv
  /** prints a line on the terminal */
  print(line: string): void
  /** The service answers again after a failure: pages that show the failure can reload. */
  onRecovery(): void
}

/** The service, run from its sources in a child process that can be replaced. */
export class DevService {
  private process: ServiceProcess | null = null
  /** being replaced or closed */
  private ending: ServiceProcess | null = null
  private current: Promise<Running> = Promise.reject(new ServiceDown('The service has not started yet.'))
  private changes: Promise<void> = Promise.resolve()
  private hasFailed = false
  private isClosed = false

  constructor(private readonly options: DevServiceOptions) {
    this.current.catch(() => {})
  }

  /**
   * Resolves to the service once it answers.
   *
   * @throws {ServiceDown} when it failed to start
   */
  running(): Promise<Running> {
    return this.current
  }

  /** Replaces the process, after `prepare`; requests wait meanwhile. Resolves to whether the new one answers. */
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
      // the service's own output is on the terminal already
      if (!(error instanceof ServiceDown))
        this.options.print(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.end()
    await this.changes
  }

  /** Ends it without a drain. */
  async abort(): Promise<void> {
    this.isClosed = true
    await Promise.all([this.process?.abort(), this.ending?.abort()])
  }

  private async end(): Promise<void> {
    const running = this.process
    this.process = null
    if (!running?.isRunning) return
    this.ending = running
    running.signal('SIGTERM')
    const ended = new AbortController()
    const timeout = wait(STOP_MS, undefined, { signal: ended.signal }).then(() => running.signal('SIGKILL'))
    await running.ended
    ended.abort()
    await timeout.catch(() => {})
    this.ending = null
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
          import.meta.resolve('./client-addresses.ts'),
          inRoot('src/server.ts'),
        ],
        env: { ...this.options.env, HOST: '127.0.0.1', PORT: '0' },
        cwd: inRoot(),
        onStderr: (chunk) => {
          process.stderr.write(chunk)
          errors = `${errors}${chunk.toString()}`.slice(-ERROR_LENGTH)
        },
        onMessage: (message) => {
          if (isClientAddressMessage(message)) acknowledged.get(message.port)?.()
          if (isListening(message)) resolve({ port: message.port, setClientAddress })
        },
      })
      const setClientAddress = (port: number, address: string) =>
        new Promise<void>((done) => {
          const settle = () => {
            acknowledged.delete(port)
            done()
          }
          acknowledged.set(port, settle)
          child.send({ type: 'client-address', port, address } satisfies ClientAddressMessage, settle)
        })
      this.process = child
      void child.ended.then(({ code, signal }) => {
        const down = new ServiceDown(
          errors.trim() || `The service exited (${signal ?? `exit code ${code}`}).`,
        )
        for (const settle of acknowledged.values()) settle()
        reject(down)
        if (this.process !== child || this.isClosed) return
        // it exited by itself: requests fail with the reason instead of waiting
        this.process = null
        this.hasFailed = true
        this.current = Promise.reject(down)
        this.current.catch(() => {})
        this.options.print('the service is down; the next change starts it again')
      })
    })
  }
}

function isListening(message: unknown): message is { type: 'listening'; port: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'listening'
}
