import { InputError } from '../../src/commands/command.js'
import { type Config, loadConfig } from '../../src/config/config.js'
import { baseUrl } from '../../src/startup-banner.js'
import { ClusterNode } from './cluster-node.js'
import { FrontProxy } from './front-proxy.js'
import { findOnPath, freePort, type PrivateRedis, startPrivateRedis } from './programs.js'

const REDIS_COMMANDS = ['redis-server', 'valkey-server']
/** ms that a node may take to be ready: the first one migrates, and may create the database */
const READY_MS = 120_000
const ROLL_POLL_MS = 50

export interface ClusterOptions {
  count: number
  /** the built service's entry */
  server: string
  env: NodeJS.ProcessEnv
  /** prints a line on the terminal */
  print(line: string): void
  onLog(chunk: Buffer): void
}

/** Several nodes on this machine, their Redis, and one port in front of them. */
export class Cluster {
  private readonly config: Config
  private readonly stopped = new AbortController()
  private ownNodes: ClusterNode[] = []
  private front: FrontProxy | null = null
  private redis: PrivateRedis | null = null

  /** @throws {ConfigError} when a variable is invalid */
  constructor(private readonly options: ClusterOptions) {
    this.config = loadConfig(options.env, { dataDirectory: '.data' })
  }

  get nodes(): readonly ClusterNode[] {
    return this.ownNodes
  }

  /**
   * Resolves to the cluster's URL once all nodes are ready.
   *
   * @throws {InputError} in one line, when something is missing
   */
  async start(): Promise<string> {
    const { count } = this.options
    const redisUrl = await this.openRedis()
    const ports: number[] = []
    while (ports.length < count) ports.push(await freePort())
    this.stopped.signal.throwIfAborted()
    this.ownNodes = ports.map((port, i) => this.createNode(i + 1, port, redisUrl))
    this.front = new FrontProxy(ports)
    const port = await this.front.listen(this.config.host, this.config.port)
    // the first one alone: it migrates the database for the others
    for (const batch of [this.nodes.slice(0, 1), this.nodes.slice(1)]) {
      for (const node of batch) node.start()
      const ready = await Promise.all(batch.map((node) => node.ready(READY_MS)))
      if (ready.includes(false)) throw new InputError('a node does not start: see its output above.')
    }
    await this.front.nodes.probe()
    return baseUrl(this.config, port)
  }

  /** Drains every node and closes the rest, also while starting. Resolves to whether all exited cleanly. */
  async stop(): Promise<boolean> {
    this.stopped.abort()
    const clean = await Promise.all(this.nodes.map((node) => node.stop()))
    await this.front?.close()
    await this.redis?.stop()
    return !clean.includes(false)
  }

  /** Ends everything without draining. */
  async abort(): Promise<void> {
    this.stopped.abort()
    await Promise.all(this.nodes.map((node) => node.abort()))
  }

  /** Restarts the nodes one after the other, as a deploy does. */
  async roll(): Promise<void> {
    for (const node of this.nodes) {
      const { pid } = node
      node.signal('SIGTERM')
      while (node.pid === pid) await new Promise((resolve) => setTimeout(resolve, ROLL_POLL_MS))
      if (!(await node.ready(READY_MS))) return
      await this.front?.nodes.probe()
    }
  }

  /** Resolves to the URL of REDIS_URL's server, or of one that is started for this cluster. */
  private async openRedis(): Promise<string> {
    if (this.config.redisUrl !== null) return this.config.redisUrl
    const program = findOnPath(REDIS_COMMANDS, this.options.env.PATH ?? '')
    if (program === null) {
      throw new InputError(
        'nodes publish events to each other over Redis, and there is none: install redis-server (or valkey-server), or set REDIS_URL.',
      )
    }
    this.redis = await startPrivateRedis(program)
    return this.redis.url
  }

  private createNode(number: number, port: number, redisUrl: string): ClusterNode {
    const { env, print, onLog, server } = this.options
    const service = {
      args: ['--enable-source-maps', server],
      // the front proxy's X-Forwarded-For is the client's address
      env: { ...env, HOST: '127.0.0.1', PORT: String(port), REDIS_URL: redisUrl, TRUST_PROXY: 'loopback' },
      cwd: process.cwd(),
      onLog,
      onStderr: (chunk: Buffer) => print(`node ${number}: ${chunk.toString().trim()}`),
    }
    return new ClusterNode(number, port, service, {
      onStart: (node) => print(`node ${number} starts on port ${port}, pid ${node.pid}`),
      onExit: (_node, reason, restartInMs) =>
        print(`node ${number} exited (${reason}); restarting in ${restartInMs} ms`),
    })
  }
}
