import { countStatements } from '../../test/helpers/statement-counter.js'
import { CHANGES, type Change, endOrders, PLAIN_ROUTE, type Scene } from '../changes.js'
import { type Figure, note } from '../figures.js'
import { callsWithoutFrames, type Running, sceneOf, startOurs, type World } from '../world.js'

/** calls of one sample; an order may not be one of more that are live in a theatre */
const CALLS = 50
const CONCURRENCY = 4
const WARM_UP = 4

/** CPU of one stored change, from the HTTP request to the published event, without sockets. */
export async function measureChanges(world: World, only: string | null = null): Promise<Figure[]> {
  const running = await startOurs(world)
  const scene = await sceneOf(world, running)
  const changes = [PLAIN_ROUTE, ...CHANGES].filter(({ name }) => only === null || name === only)
  const samples: Record<string, number[]> = {}
  for (let run = -WARM_UP; run < world.options.runs; run++) {
    for (const change of changes) {
      const micros = await cpuOf(world, running, scene, change)
      if (run >= 0) note(samples, change.name, micros / CALLS / 1000)
    }
  }
  await running.server.close()
  const goals = CHANGES.map(({ name }) => ({ of: name, to: PLAIN_ROUTE.name, atMost: 2 }))
  const figures: Figure[] = [{ name: 'CPU of one change', unit: 'ms', samples, goals }]
  if (only === null) figures.push(await countRoundTrips(world))
  return figures
}

async function cpuOf({ load, database }: World, { server }: Running, scene: Scene, change: Change) {
  const calls = await change.prepare(scene, CALLS)
  const micros = await server.cpuOf(() => load.run(callsWithoutFrames(server.port, calls, CONCURRENCY)))
  await endOrders(database.db)
  return micros
}

/** Round trips of each change; the lowest of a few, as the node has questions of its own. */
async function countRoundTrips(world: World): Promise<Figure> {
  const counter = await countStatements(world.t, world.database.url)
  const running = await startOurs(world, { DATABASE_URL: counter.url })
  const scene = await sceneOf(world, running)
  const { port } = running.server
  const samples: Record<string, number[]> = {}
  for (const change of [PLAIN_ROUTE, ...CHANGES]) {
    const counts: number[] = []
    for (const call of await change.prepare(scene, 5)) {
      const { roundTrips } = await counter.during(() => world.load.run(callsWithoutFrames(port, [call], 1)))
      counts.push(roundTrips)
    }
    note(samples, change.name, Math.min(...counts))
    await endOrders(world.database.db)
  }
  await running.server.close()
  return { name: 'round trips to PostgreSQL', unit: 'number', samples }
}
