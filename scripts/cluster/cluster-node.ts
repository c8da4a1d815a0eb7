import { setTimeout as wait } from 'node:timers/promises'
import { type ServiceOptions, ServiceProcess } from '../lib/service-process.js'
import { isReady } from './node-pool.js'

/** ms from a node's exit to its restart; doubled each time it exits soon after its start */
const RESTART_MS = 250
const RESTART_MAX_MS = 8000
/** ms after which a node counts as stable */
const STABLE_MS = 10_000
const READY_POLL_MS = 50

export interface NodeObserver {
  onStart(node: ClusterNode): void
  /** The node exited without having been stopped. */
  onExit(node: ClusterNode, reason: string, restartInMs: number): void
}

/** One node of the cluster, restarted whenever it exits, until it is stopped. */
export class ClusterNode {
  private service: ServiceProcess | null = null
  private readonly stopped = new AbortController()
  private running: Promise<void> | null = null

  constructor(
    /** from 1 */
    readonly number: number,
    readonly port: number,
    private readonly options: ServiceOptions,
    private readonly observer: NodeObserver,
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
      this.observer.onStart(this)
      const { code, signal } = await this.service.ended
      if (this.stopped.signal.aborted) return
      if (performance.now() - startedAt > STABLE_MS) pause = RESTART_MS
      this.observer.onExit(this, signal ?? `exit code ${code}`, pause)
      await wait(pause, undefined, { signal: this.stopped.signal }).catch(() => {})
    }
  }

  /** Waits up to `ms` until it is ready. Resolves to false after that, or when it is stopped. */
  async ready(ms: number): Promise<boolean> {
    const deadline = performance.now() + ms
    for (; performance.now() < deadline; await wait(READY_POLL_MS)) {
      if (await isReady(this.port)) return true
      if (this.stopped.signal.aborted) return false
    }
    return false
  }

  signal(signal: NodeJS.Signals): void {
    this.service?.signal(signal)
  }

  /** Drains it and does not restart it. Resolves to whether it exited cleanly. */
  async stop(): Promise<boolean> {
    this.stopped.abort()
    const service = this.service?.isRunning ? this.service : null
    service?.signal('SIGTERM')
    const status = await service?.ended
    await this.running
    // one that was still starting is ended by the signal itself
    return !status || status.code === 0 || status.signal === 'SIGTERM'
  }

  /** Ends it without a drain, and does not restart it. */
  async abort(): Promise<void> {
    this.stopped.abort()
    await this.service?.abort()
  }
}
