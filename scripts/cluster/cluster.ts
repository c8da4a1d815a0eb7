import { InputError } from '../../src/commands/command.js'
import { type Config, loadConfig } from '../../src/config/config.js'
import { baseUrl } from '../../src/greeting.js'
import { ClusterNode } from './cluster-node.js'
import { FrontProxy } from './front-proxy.js'
import { findOnPath, freePort, type PrivateRedis, startPrivateRedis } from './programs.js'

const REDIS_COMMANDS = ['redis-server', 'valkey-server']
/** ms that a node may take to be ready: the first one migrates, and may make the database */
const READY_MS = 120_000

export interface ClusterOptions {
  count: number
  /** the service's entry, as built */
  server: string
  env: NodeJS.ProcessEnv
  /** a line for the person at the terminal */
  say(line: string): void
  onLog(chunk: Buffer): void
}

/** Some nodes on this machine, their Redis, and one port before them. */
export class Cluster {
  private constructor(
    readonly url: string,
    readonly nodes: readonly ClusterNode[],
    private readonly front: FrontProxy,
    private readonly redis: PrivateRedis | null,
  ) {}

  /** Resolves once all nodes are ready. Throws an InputError, one line, for what is missing. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const config = loadConfig(options.env, { dataDirectory: '.data' })
    const redis = await openRedis(config, options.env)
    const ports: number[] = []
    for (let i = 0; i < options.count; i++) ports.push(await freePort())
    const nodes = ports.map((port, i) => createNode(i + 1, port, redis, options))
    const front = new FrontProxy(ports)
    const undo = async () => {
      await Promise.all(nodes.map((node) => node.stop()))
      await front.close()
      await redis.own?.stop()
    }
    try {
      const port = await front.listen(config.host, config.port)
      // the first alone: it brings the database to where the others find it
      for (const batch of [nodes.slice(0, 1), nodes.slice(1)]) {
        for (const node of batch) node.start()
        const ready = await Promise.all(batch.map((node) => node.ready(READY_MS)))
        if (ready.includes(false)) throw new InputError('a node does not start: see what it said above.')
      }
      await front.nodes.look()
      return new Cluster(baseUrl(config, port), nodes, front, redis.own)
    } catch (error) {
      await undo()
      throw error
    }
  }

  /** Drains every node, then ends what belongs to the cluster. Resolves to whether all ended as they should. */
  async stop(): Promise<boolean> {
    const ended = await Promise.all(this.nodes.map((node) => node.stop()))
    await this.front.close()
    await this.redis?.stop()
    return !ended.includes(false)
  }

  /** Restarts one node after the other, as a deploy does. */
  async roll(): Promise<void> {
    for (const node of this.nodes) {
      const before = node.pid
      node.signal('SIGTERM')
      while (node.pid === before) await new Promise((resolve) => setTimeout(resolve, 50))
      if (!(await node.ready(READY_MS))) return
      await this.front.nodes.look()
    }
  }

  /** Ends everything at once. */
  kill(): void {
    for (const node of this.nodes) node.signal('SIGKILL')
  }
}

interface RedisOfCluster {
  url: string
  own: PrivateRedis | null
}

async function openRedis(config: Config, env: NodeJS.ProcessEnv): Promise<RedisOfCluster> {
  if (config.redisUrl !== null) return { url: config.redisUrl, own: null }
  const program = findOnPath(REDIS_COMMANDS, env.PATH ?? '')
  if (program === null) {
    throw new InputError(
      'nodes tell each other of events over Redis, and there is none: install redis-server (or valkey-server), or set REDIS_URL.',
    )
  }
  const own = await startPrivateRedis(program)
  return { url: own.url, own }
}

function createNode(
  number: number,
  port: number,
  redis: RedisOfCluster,
  options: ClusterOptions,
): ClusterNode {
  const { env, say, onLog, server } = options
  const service = {
    args: ['--enable-source-maps', server],
    // the front says whose address it is
    env: { ...env, HOST: '127.0.0.1', PORT: String(port), REDIS_URL: redis.url, TRUST_PROXY: 'loopback' },
    cwd: process.cwd(),
    onLog,
    onComplaint: (chunk: Buffer) => say(`node ${number}: ${chunk.toString().trim()}`),
  }
  return new ClusterNode(number, port, service, {
    onStart: (node) => say(`node ${number} starts on port ${port}, pid ${node.pid}`),
    onLost: (_node, how, againInMs) => say(`node ${number} ended (${how}); again in ${againInMs} ms`),
  })
}
