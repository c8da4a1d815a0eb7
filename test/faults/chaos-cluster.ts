import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ClusterNode } from '../../scripts/cluster/cluster-node.js'
import { FrontProxy } from '../../scripts/cluster/front-proxy.js'
import { freePort } from '../../scripts/cluster/programs.js'
import { type OwnRedis, startRedis } from '../helpers/redis.js'
import { TEST_SECRETS } from '../helpers/service.js'
import type { Teardown } from '../helpers/teardown.js'
import { type OwnPostgres, startPostgres } from './chaos-postgres.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const PASSWORD = 'chaos-password-of-the-staff'

/** Three node processes behind a proxy, with a PostgreSQL and a Redis of their own: all of them targets of faults. */
export interface ChaosCluster {
  url: string
  postgres: OwnPostgres
  redis: OwnRedis
  front: FrontProxy
  nodes: readonly ClusterNode[]
  /** unexpected exits of nodes, and output that is not a log line */
  readonly problems: string[]
  /** every exit of a node */
  readonly exits: { node: number; how: string; at: number }[]
}

export interface ChaosClusterOptions {
  nodes?: number
  env?: Record<string, string>
  /** folder for the nodes' logs */
  logs?: string | null
}

/**
 * Builds the service and returns its folder, which is kept while this process runs. CHAOS_SERVICE names another build,
 * for example one with a deliberate bug that the run must find.
 */
async function buildService(): Promise<string> {
  const { CHAOS_SERVICE: given } = process.env
  if (given) return given
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/prepare.mjs')], { cwd: ROOT })
  const folder = join(ROOT, 'dist', readFileSync(join(ROOT, 'dist/latest'), 'utf8').trim())
  const mark = join(folder, `.running-${process.pid}`)
  writeFileSync(mark, '')
  process.once('exit', () => rmSync(mark, { force: true }))
  return folder
}

export async function startChaosCluster(
  t: Teardown,
  options: ChaosClusterOptions = {},
): Promise<ChaosCluster> {
  const folder = await buildService()
  const cwd = mkdtempSync(join(tmpdir(), 'houselights-nodes-'))
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }))
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const ports = await Promise.all(Array.from({ length: options.nodes ?? 3 }, () => freePort()))
  const problems: string[] = []
  const exits: ChaosCluster['exits'] = []
  const env = {
    PATH: process.env.PATH ?? '',
    ...TEST_SECRETS,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    TRUST_PROXY: 'loopback',
    RATE_LIMITS: 'off',
    WS_MAX_PER_USER: '100000',
    DRAIN_SECONDS: '2',
    LOG_LEVEL: options.logs ? 'info' : 'error',
    ...options.env,
  }
  if (options.logs) mkdirSync(options.logs, { recursive: true })
  const nodes = ports.map((port, i) => {
    let isUp = false
    const service = {
      args: [join(folder, 'src/server.js')],
      env: { ...env, PORT: String(port) },
      cwd,
      onLog(chunk: Buffer) {
        if (options.logs) appendFileSync(join(options.logs, `node-${i + 1}.log`), chunk)
      },
      onStderr(chunk: Buffer) {
        const text = chunk.toString()
        if (text.includes('houselights is up at')) isUp = true
        // a start fails while the database is unavailable, and is retried
        else if (!text.includes('can’t start'))
          problems.push(`node ${i + 1} wrote: ${text.trim().slice(0, 500)}`)
      },
    }
    return new ClusterNode(i + 1, port, service, {
      onStart() {
        isUp = false
      },
      onExit(_node, how) {
        exits.push({ node: i + 1, how, at: performance.now() })
        if (isUp && !['SIGKILL', 'SIGTERM', 'exit code 0'].includes(how))
          problems.push(`node ${i + 1} exited: ${how}`)
      },
    })
  })
  const front = new FrontProxy(ports)
  t.teardown(async () => {
    for (const node of nodes) node.signal('SIGCONT')
    await Promise.all(nodes.map((node) => node.abort()))
    await front.close()
  })
  const url = `http://127.0.0.1:${await front.listen('127.0.0.1', 0)}`
  for (const node of nodes) node.start()
  const ready = await Promise.all(nodes.map((node) => node.ready(60_000)))
  if (ready.includes(false)) throw new Error(`a node did not start: ${problems.join('; ')}`)
  await front.nodes.probe()
  return { url, postgres, redis, front, nodes, problems, exits }
}

/** Compares what many clients received without storing it. */
export const digest = (text: string): string => createHash('sha1').update(text).digest('base64').slice(0, 16)
