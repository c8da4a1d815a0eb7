import { setTimeout as wait } from 'node:timers/promises'
import { PROGRAM_PATIENCE, within } from '../helpers/deadline.js'
import { Random } from '../helpers/random.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'
import { keepChanging } from './chaos-churn.js'
import type { V1Client } from './chaos-clients.js'
import { type ChaosCluster, startChaosCluster } from './chaos-cluster.js'
import { Crowd } from './chaos-crowd.js'
import { type PlannedFault, planFaults } from './chaos-faults.js'
import { keepOrdering } from './chaos-orders.js'
import { seedDatabase, Tally } from './chaos-people.js'
import { Records } from './chaos-record.js'
import type { ChaosReport } from './chaos-report.js'
import { verifyRecords } from './chaos-verify.js'

export interface ChaosOptions {
  seed: number
  /** ms during which faults are injected */
  forMs: number
  clients?: number
  /** average ms between two faults */
  everyMs?: number
  /** replaces the plan that derives from the seed */
  plan?: readonly PlannedFault[]
  /** false: no access changes */
  changes?: boolean
  /** ms after which a client gives up on a request, as one at a frozen node does */
  requestMs?: number
  /** environment of the nodes */
  env?: Record<string, string>
  logs?: string | null
  print(line: string): void
}

/** ms after the last fault in which all clients must be live and up to date */
const SETTLE_MS = 60_000
const REQUEST_MS = 8000
const PACE_MS = 6000
const WITHOUT_REDIS_MS = 3000

/**
 * Runs three nodes with simulated users who order, pay, chat, come and go, while faults are injected at times derived
 * from the seed. At the end everything that the clients received is compared with the log.
 */
export async function runChaos(t: Teardown, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, forMs, clients = 200, everyMs = 1800, print } = options
  const { logs = null, env = {} } = options
  const cluster = await startChaosCluster(t, { logs, env })
  const records = new Records()
  const tally = new Tally(options.requestMs ?? REQUEST_MS)
  const crowd = new Crowd(cluster, await seedDatabase(cluster), records, tally, new Random(seed ^ 0x5eed))
  t.teardown(() => crowd.stop())
  const changes = new Map<string, number>()
  gather(crowd, clients)
  if (options.changes !== false) crowd.run(() => keepChanging(crowd, 1000, changes))
  await until(
    () => crowd.v1.filter(({ isLive }) => isLive).length >= clients * 0.3,
    'the staff clients to be live',
    SETTLE_MS,
  )
  const plan = options.plan ?? planFaults(new Random(seed), forMs, cluster.nodes.length, everyMs)
  const faults = await injectFaults(cluster, crowd, plan, forMs, print)
  print('all faults ended')
  await recover(cluster)
  if (!options.plan) {
    // the last events are neither published over Redis nor followed by others: only the poll can deliver them
    await cluster.redis.kill()
    await wait(WITHOUT_REDIS_MS)
  }
  await within(
    crowd.stopActivity(),
    PROGRAM_PATIENCE,
    () => `${crowd.journeys.size} visits to end; unanswered: ${crowd.tally.unanswered.slice(-5).join('; ')}`,
  )
  await expectAllCaughtUp(crowd)
  crowd.stop()
  await Promise.all(
    cluster.nodes.map((node) => within(node.stop(), PROGRAM_PATIENCE, `the end of node ${node.number}`)),
  )
  const totals = await verifyRecords(records, cluster.postgres)
  const longest = crowd.v1.reduce<V1Client | null>(
    (found, client) => (found && found.longestOutage >= client.longestOutage ? found : client),
    null,
  )
  const violations = [...records.violations, ...cluster.problems, ...crowd.tally.bugs]
  return {
    seed,
    forMs,
    violations,
    faults,
    changes,
    totals,
    clients,
    sockets: records.sockets.length,
    deliveries: records.eventCount,
    exits: [...cluster.exits],
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
  const { staff } = crowd.data
  const screens = [
    { count: of(0.35), socket: 'orders' },
    { count: of(0.15), socket: 'chat' },
  ] as const
  for (const { count, socket } of screens) {
    for (let i = 0; i < count; i++) crowd.addScreen(socket, crowd.random.pick(staff))
  }
  for (let i = 0; i < of(0.5); i++) crowd.run(() => keepOrdering(crowd, PACE_MS))
}

/** Runs the plan: faults of the same target one after the other, others concurrently. */
async function injectFaults(
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
    // gives up on a plan that lags too far behind
    if (performance.now() - startedAt > forMs * 1.5) break
    const before = busy.get(planned.target) ?? Promise.resolve()
    const kind = planned.name.replace(/ \d$| \(.*/, '')
    const running = before.then(async () => {
      print(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${planned.name}`)
      faults.set(kind, (faults.get(kind) ?? 0) + 1)
      const injected = planned
        .run(cluster, crowd)
        .catch((error: unknown) => print(`  failed: ${String(error)}`))
      await within(injected, PROGRAM_PATIENCE, `the end of “${planned.name}”`).catch((error: unknown) =>
        crowd.records.violation(String(error)),
      )
    })
    busy.set(planned.target, running)
  }
  await wait(Math.max(0, forMs - (performance.now() - startedAt)))
  await Promise.all(busy.values())
  return faults
}

async function recover({ nodes, postgres, redis, front }: ChaosCluster): Promise<void> {
  postgres.resume()
  await postgres.start()
  redis.resume()
  for (const node of nodes) node.signal('SIGCONT')
  for (const node of nodes) {
    if (!(await node.ready(SETTLE_MS))) throw new Error(`node ${node.number} does not become ready`)
  }
  await front.nodes.probe()
}

/** Every client with access must be live and up to date with the log. Others are recorded as violations. */
async function expectAllCaughtUp(crowd: Crowd): Promise<void> {
  const { records, cluster } = crowd
  let missing: string[] = ['not checked yet']
  const check = async () => {
    const rows = await cluster.postgres.query<{ name: string; seq: number }>(
      'SELECT name, seq FROM live_groups',
    )
    const heads = new Map(rows.map(({ name, seq }) => [name, seq]))
    missing = crowd.v1
      .filter((client) => !client.isStopped && !['signed-out', 'forbidden'].includes(client.live.link.state))
      .flatMap((client) => {
        if (!client.isLive) return [`${client.who} is ${client.live.link.state}`]
        return [...client.cursors]
          .filter(([group, seq]) => seq !== (heads.get(group) ?? 0))
          .map(([group, seq]) => `${client.who} has ${group} up to ${seq} of ${heads.get(group)}`)
      })
    return missing.length === 0 && crowd.signingIn.size === 0
  }
  await until(check, 'all clients to catch up', SETTLE_MS).catch(() => {
    for (const text of missing.slice(0, 20)) records.violation(`at the end ${text}`)
    if (missing.length === 0) records.violation(`${crowd.signingIn.size} staff clients can’t sign in again`)
  })
}
