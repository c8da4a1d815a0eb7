import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../helpers/random.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'
import { keepChanging } from './chaos-churn.js'
import type { V1Client } from './chaos-clients.js'
import { type ChaosCluster, startChaosCluster } from './chaos-cluster.js'
import { Crowd } from './chaos-crowd.js'
import { type PlannedFault, planFaults } from './chaos-faults.js'
import { judge } from './chaos-judge.js'
import { keepOrdering } from './chaos-orders.js'
import { settle } from './chaos-people.js'
import { Records } from './chaos-record.js'
import type { ChaosReport } from './chaos-report.js'

export interface ChaosOptions {
  seed: number
  /** how long faults happen */
  forMs: number
  clients?: number
  /** ms between two faults, on average */
  everyMs?: number
  /** in place of the seed's own */
  plan?: readonly PlannedFault[]
  /** false: nobody's rights change */
  changes?: boolean
  /** of the nodes */
  env?: Record<string, string>
  logs?: string | null
  print(line: string): void
}

/** ms in which everybody must be back and have everything once all is whole again */
const SETTLE_MS = 60_000
const PACE_MS = 6000
const WITHOUT_REDIS_MS = 3000

/**
 * Three nodes, everything they need, and people who order, pay, talk, come and go, while all of it is hurt at moments
 * that the seed decides. At the end every client's history is compared with the log.
 */
export async function runChaos(t: Teardown, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, forMs, clients = 200, everyMs = 1800, print } = options
  const { logs = null, env = {} } = options
  const cluster = await startChaosCluster(t, { logs, env })
  const records = new Records()
  const crowd = new Crowd(cluster, await settle(cluster), records, new Random(seed ^ 0x5eed))
  t.teardown(() => crowd.stop())
  const changes = new Map<string, number>()
  gather(crowd, clients)
  if (options.changes !== false) crowd.run(() => keepChanging(crowd, 1000, changes))
  await until(
    () => crowd.v1.filter(({ isLive }) => isLive).length >= clients * 0.3,
    'the staff to be there',
    SETTLE_MS,
  )
  const plan = options.plan ?? planFaults(new Random(seed), forMs, cluster.nodes.length, everyMs)
  const faults = await hurt(cluster, crowd, plan, forMs, print)
  print('all is whole again')
  await heal(cluster)
  if (!options.plan) {
    // the last act: what nobody is told of over Redis, and what no later event tells of either
    await cluster.redis.kill()
    await wait(WITHOUT_REDIS_MS)
  }
  await crowd.goHome()
  await everybodyIsBack(crowd)
  crowd.stop()
  await Promise.all(cluster.nodes.map((node) => node.stop()))
  const judgement = await judge(records, cluster.postgres)
  const longest = crowd.v1.reduce<V1Client | null>(
    (found, client) => (found && found.longestOutage >= client.longestOutage ? found : client),
    null,
  )
  const violations = [...records.violations, ...cluster.troubles, ...crowd.tally.bugs]
  return {
    seed,
    forMs,
    violations,
    faults,
    changes,
    judgement,
    clients,
    sockets: records.sockets.length,
    deliveries: records.eventCount,
    endings: [...cluster.endings],
    closes: records.closes,
    longestOutageMs: longest?.longestOutage ?? 0,
    longestTrail: longest?.longestTrail ?? '',
    latestEvent: records.latest,
    requests: crowd.tally.statuses,
    unanswered: crowd.tally.unanswered,
  }
}

function gather(crowd: Crowd, clients: number): void {
  const of = (share: number) => Math.round(clients * share)
  const { staff } = crowd.town
  const screens = [
    { count: of(0.35), socket: 'orders' },
    { count: of(0.15), socket: 'chat' },
  ] as const
  for (const { count, socket } of screens) {
    for (let i = 0; i < count; i++) crowd.addScreen(socket, crowd.random.pick(staff))
  }
  for (let i = 0; i < of(0.5); i++) crowd.run(() => keepOrdering(crowd, PACE_MS))
}

/** Faults as planned: those of one target one after the other, those of others at the same time. */
async function hurt(
  cluster: ChaosCluster,
  crowd: Crowd,
  plan: readonly PlannedFault[],
  forMs: number,
  print: (line: string) => void,
): Promise<Map<string, number>> {
  const faults = new Map<string, number>()
  const busy = new Map<string, Promise<void>>()
  const startedAt = performance.now()
  for (const planned of plan) {
    await wait(Math.max(0, planned.at - (performance.now() - startedAt)))
    // a plan that lags behind does not pile up for ever
    if (performance.now() - startedAt > forMs * 1.5) break
    const before = busy.get(planned.target) ?? Promise.resolve()
    const kind = planned.name.replace(/ \d$| \(.*/, '')
    const happening = before.then(async () => {
      print(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${planned.name}`)
      faults.set(kind, (faults.get(kind) ?? 0) + 1)
      await planned.run(cluster, crowd).catch((error: unknown) => print(`  could not: ${String(error)}`))
    })
    busy.set(planned.target, happening)
  }
  await wait(Math.max(0, forMs - (performance.now() - startedAt)))
  await Promise.all(busy.values())
  return faults
}

async function heal({ nodes, postgres, redis, front }: ChaosCluster): Promise<void> {
  postgres.resume()
  await postgres.start()
  redis.resume()
  for (const node of nodes) node.signal('SIGCONT')
  for (const node of nodes) {
    if (!(await node.ready(SETTLE_MS))) throw new Error(`node ${node.number} does not come back`)
  }
  await front.nodes.probe()
}

/** All who have a right to listen are live, and have all that the log has. Whoever is not is told of. */
async function everybodyIsBack(crowd: Crowd): Promise<void> {
  const { records, cluster } = crowd
  let missing: string[] = ['nobody asked yet']
  const look = async () => {
    const rows = await cluster.postgres.query<{ name: string; seq: number }>(
      'SELECT name, seq FROM live_groups',
    )
    const heads = new Map(rows.map(({ name, seq }) => [name, seq]))
    missing = crowd.v1
      .filter((client) => !client.isOver && !['signed-out', 'forbidden'].includes(client.live.link.state))
      .flatMap((client) => {
        if (!client.isLive) return [`${client.who} is ${client.live.link.state}`]
        return [...client.cursors]
          .filter(([group, seq]) => seq !== (heads.get(group) ?? 0))
          .map(([group, seq]) => `${client.who} has ${group} up to ${seq} of ${heads.get(group)}`)
      })
    return missing.length === 0 && crowd.comingBack.size === 0
  }
  await until(look, 'everybody to be back', SETTLE_MS).catch(() => {
    for (const text of missing.slice(0, 20)) records.violation(`at the end ${text}`)
    if (missing.length === 0) records.violation(`${crowd.comingBack.size} of the staff can’t sign in again`)
  })
}
