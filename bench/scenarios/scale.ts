import { spawnSync } from 'node:child_process'
import { orderGroup, theatreOrders } from '../../src/protocol/groups.js'
import { endOrders, insertOrders, stepCalls } from '../changes.js'
import { type Figure, median } from '../figures.js'
import { callsWithoutFrames, OURS, type Running, startOurs, type World } from '../world.js'

const EVENTS = 40
const IDLE_SOCKETS = 20_000
const IDLE_MS = 10_000
/** file descriptors beside the sockets */
const OTHER_FILES = 500

/** What a node costs as it grows. */
export async function measureScale(world: World): Promise<Figure[]> {
  return [
    await measureSockets(world),
    await measureGroups(world),
    await measureNodes(world),
    await measureLog(world),
    ...(await measureIdle(world)),
  ]
}

/** ms of CPU of one event, by the median of the repetitions. */
async function cpuOfEvent(world: World, { server, target }: Running): Promise<number> {
  const samples: number[] = []
  for (let run = -2; run < world.options.runs; run++) {
    const calls = await stepCalls({ db: world.database.db, staff: target.cookie }, EVENTS, 'seen')
    const micros = await server.cpuOf(() => world.load.run(callsWithoutFrames(server.port, calls, 1)))
    await endOrders(world.database.db)
    if (run >= 0) samples.push(micros / EVENTS / 1000)
  }
  return median(samples)
}

/** Cost of one event at three sizes, and the exponent: 0 if the size does not matter, 1 if the cost is proportional to it. */
function growth(name: string, sizes: readonly number[], costs: readonly number[]): Figure {
  const [first = 1, last = 1] = [sizes[0], sizes.at(-1)]
  const exponent = Math.log((costs.at(-1) ?? 1) / (costs[0] ?? 1)) / Math.log(last / first)
  const samples = Object.fromEntries(sizes.map((_, i) => [SIZES[i] ?? '', [costs[i] ?? Number.NaN]]))
  const shown = sizes.map((size) => size.toLocaleString('en-US')).join(', ')
  return {
    name: `CPU of one event, ${shown} ${name}`,
    unit: 'ms',
    samples: { ...samples, exponent: [exponent] },
  }
}
const SIZES = ['small', 'middle', 'large']

async function measureSockets(world: World): Promise<Figure> {
  const running = await startOurs(world)
  const sizes = [1, 4, 16].map((factor) => (world.options.sockets / 4) * factor)
  const costs: number[] = []
  let open = 0
  for (const size of sizes) {
    await world.load.run({
      do: 'open',
      group: OURS,
      target: running.target,
      count: size - open,
      concurrency: 50,
    })
    open = size
    costs.push(await cpuOfEvent(world, running))
  }
  await world.load.run({ do: 'close', group: OURS })
  await running.server.kill()
  return growth('sockets of its theatre', sizes, costs)
}

/** Sockets of other orders: each is one more group of the node. */
async function measureGroups(world: World): Promise<Figure> {
  const running = await startOurs(world)
  const sizes = [1, 4, 16].map((factor) => (world.options.sockets / 20) * factor)
  const ids = await insertOrders(world.database.db, sizes.at(-1) ?? 0)
  const costs: number[] = []
  let open = 0
  for (const size of sizes) {
    for (const id of ids.slice(open, size)) {
      const target = { ...running.target, path: `/ws/payment-socket/${id}/` }
      await world.load.run({ do: 'open', group: orderGroup(id), target, count: 1, concurrency: 1 })
    }
    open = size
    costs.push(await cpuOfEvent(world, running))
  }
  for (const id of ids) await world.load.run({ do: 'close', group: orderGroup(id) })
  await running.server.kill()
  return growth('groups of the node', sizes, costs)
}

async function measureNodes(world: World): Promise<Figure> {
  const sizes = [1, 2, 4]
  const nodes: Running[] = []
  const costs: number[] = []
  for (const size of sizes) {
    while (nodes.length < size) {
      const node = await startOurs(world)
      nodes.push(node)
      const group = `node ${nodes.length}`
      await world.load.run({ do: 'open', group, target: node.target, count: 1, concurrency: 1 })
    }
    const [publishing] = nodes
    if (publishing) costs.push(await cpuOfEvent(world, publishing))
  }
  for (const { server } of nodes) await server.kill()
  return growth('nodes', sizes, costs)
}

/** Events of the theatre that the log holds already. */
async function measureLog(world: World): Promise<Figure> {
  const { db } = world.database
  const sizes = world.options.quick ? [1000, 4000, 16_000] : [5000, 20_000, 80_000]
  const costs: number[] = []
  for (const size of sizes) {
    await db.$executeRaw`
      WITH head AS (
        INSERT INTO live_groups AS g (name, seq) VALUES (${theatreOrders(1)}, ${size}::int)
        ON CONFLICT (name) DO UPDATE SET seq = g.seq + ${size}::int RETURNING g.seq)
      INSERT INTO live_events (group_name, seq, name, at, epoch, data)
      SELECT ${theatreOrders(1)}, head.seq - n, 'order.seen', now(), 0, '{"id":1}'
      FROM head, generate_series(0, ${size - 1}::int) AS n`
    const running = await startOurs(world)
    costs.push(await cpuOfEvent(world, running))
    await running.server.kill()
  }
  return growth('more events in its log', sizes, costs)
}

/** Sockets on which nothing happens. */
async function measureIdle(world: World): Promise<Figure[]> {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n']).stdout)
  const files = Number.isFinite(limit) ? limit : IDLE_SOCKETS
  const count = Math.min(world.options.quick ? world.options.sockets : IDLE_SOCKETS, files - OTHER_FILES)
  const { server, target } = await startOurs(world)
  const before = await server.usage()
  await world.load.run({ do: 'open', group: OURS, target, count, concurrency: 50 })
  const after = await server.usage()
  const micros = await server.cpuOf(() => new Promise((resolve) => setTimeout(resolve, IDLE_MS)))
  await world.load.run({ do: 'close', group: OURS })
  await server.kill()
  const what = `${count.toLocaleString('en-US')} idle sockets`
  return [
    { name: `${what}, resident memory`, unit: 'MB', samples: { [OURS]: [after.rss / 1e6] } },
    {
      name: `${what}, resident memory of each`,
      unit: 'KB',
      samples: { [OURS]: [(after.rss - before.rss) / count / 1024] },
    },
    { name: `${what}, CPU per second`, unit: 'ms', samples: { [OURS]: [micros / IDLE_MS] } },
  ]
}
