import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type ServiceOptions, ServiceProcess } from '../lib/service-process.js'

/** ms from a node's end to its next start; doubled, up to the second, while it ends soon after */
const RESTART_MS = 250
const RESTART_MAX_MS = 8000
/** ms after which a node counts as one that runs */
const STEADY_MS = 10_000
const LOOK_EVERY_MS = 50

export interface NodeNews {
  onStart(node: ClusterNode): void
  /** It ended without having been stopped from here. */
  onLost(node: ClusterNode, how: string, againInMs: number): void
}

/** A place of the cluster: a node that is started again whenever it ends, until the cluster stops. */
export class ClusterNode {
  private service: ServiceProcess | null = null
  private readonly stopped = new AbortController()
  private running: Promise<void> | null = null

  constructor(
    /** from 1 */
    readonly number: number,
    readonly port: number,
    private readonly options: ServiceOptions,
    private readonly news: NodeNews,
  ) {}

  get pid(): number {
    return this.service?.pid ?? 0
  }

  start(): void {
    this.running ??= this.keepRunning()
  }

  private async keepRunning(): Promise<void> {
    for (let pause = RESTART_MS; !this.stopped.signal.aborted; pause = Math.min(pause * 2, RESTART_MAX_MS)) {
      const startedAt = performance.now()
      this.service = new ServiceProcess(this.options)
      this.news.onStart(this)
      const { code, signal } = await this.service.ended
      if (this.stopped.signal.aborted) return
      if (performance.now() - startedAt > STEADY_MS) pause = RESTART_MS
      this.news.onLost(this, signal ?? `exit code ${code}`, pause)
      await wait(pause, undefined, { signal: this.stopped.signal }).catch(() => {})
    }
  }

  /** Resolves to whether it is ready within so many ms. */
  async ready(ms: number): Promise<boolean> {
    for (const giveUpAt = performance.now() + ms; performance.now() < giveUpAt; await wait(LOOK_EVERY_MS)) {
      if (await answers(this.port)) return true
      if (this.stopped.signal.aborted) return false
    }
    return false
  }

  signal(signal: NodeJS.Signals): void {
    this.service?.signal(signal)
  }

  /** Lets it drain, and starts it no more. Resolves to whether it ended as it should. */
  async stop(): Promise<boolean> {
    this.stopped.abort()
    const service = this.service?.isRunning ? this.service : null
    service?.signal('SIGTERM')
    const ending = await service?.ended
    await this.running
    // one that was still starting has nothing to drain
    return !ending || ending.code === 0 || ending.signal === 'SIGTERM'
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('error', () => resolve(false))
    asked.setTimeout(2000, () => asked.destroy())
    asked.end()
  })
}
