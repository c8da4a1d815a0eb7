import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endOrders, orderCalls, type Scene } from '../changes.js'
import { type Figure, note } from '../figures.js'
import { callsWithoutFrames, OURS, type Running, sceneOf, startOurs, type World } from '../world.js'

const THEATRES = 50
const SEATS = 20
const ORDERS = 400
const CONCURRENCY = 16
const PGBENCH_SECONDS = 4
const ONE_THEATRE = 'one theatre'
const MANY_THEATRES = `${THEATRES} theatres`
const ONE_NODE = 'one node'
const TWO_NODES = 'two nodes'
const APPENDS = 'pgbench, houselights_append alone'

/** Orders placed per second by one node, beside what the database alone can number and store. */
export async function measureOrders(world: World): Promise<Figure[]> {
  await addTheatres(world)
  const running = await startOurs(world)
  const scene = await sceneOf(world, running)
  const samples: Record<string, number[]> = {}
  for (let run = -1; run < world.options.runs; run++) {
    for (const [name, theatres] of [
      [ONE_THEATRE, 1],
      [MANY_THEATRES, THEATRES],
    ] as const) {
      const calls = await orderCalls(scene, ORDERS, theatres)
      const { seconds } = await world.load.run(callsWithoutFrames(running.server.port, calls, CONCURRENCY))
      await endOrders(world.database.db)
      if (run >= 0) note(samples, name, ORDERS / seconds)
    }
  }
  const shared = await costOfTwo(world, running, scene)
  await running.server.kill()
  const appends: Record<string, number[]> = {}
  for (const [name, theatres] of [
    [ONE_THEATRE, 1],
    [MANY_THEATRES, THEATRES],
  ] as const) {
    const rate = await appendsPerSecond(world, theatres)
    if (rate !== null) appends[name] = [rate]
  }
  const figures: Figure[] = [shared]
  for (const name of [ONE_THEATRE, MANY_THEATRES]) {
    const alone = appends[name]
    figures.push({
      name: `orders stored per second, ${name}`,
      unit: '1/s',
      samples: { [OURS]: samples[name] ?? [], ...(alone ? { [APPENDS]: alone } : {}) },
      goals: [{ of: OURS, to: APPENDS, atLeast: 0.5 }],
    })
  }
  return figures
}

/**
 * CPU of an order when one node places all of them, and of both nodes when two share them; staff listen at each. While CPU
 * bounds them, two nodes place twice as many orders a second as one, divided by the ratio of the two.
 */
async function costOfTwo(world: World, one: Running, scene: Scene): Promise<Figure> {
  const { load, options, database } = world
  const two = await startOurs(world)
  for (const { target, server } of [one, two]) {
    await load.run({ do: 'open', group: `node ${server.port}`, target, count: 1, concurrency: 1 })
  }
  // as many as the first has placed by now: an order costs half as much more while the code is cold
  for (let run = 0; run < 2 * (options.runs + 1); run++) {
    const calls = await orderCalls(scene, ORDERS, 1)
    await load.run(callsWithoutFrames(two.server.port, calls, CONCURRENCY))
    await endOrders(database.db)
  }
  const samples: Record<string, number[]> = {}
  for (let run = -1; run < options.runs; run++) {
    for (const [name, nodes] of [
      [ONE_NODE, [one]],
      [TWO_NODES, [one, two]],
    ] as const) {
      let micros = 0
      for (const { server } of nodes) {
        const calls = await orderCalls(scene, ORDERS / nodes.length, 1)
        micros += await cpuOfAll(nodes, () => load.run(callsWithoutFrames(server.port, calls, CONCURRENCY)))
        await endOrders(database.db)
      }
      if (run >= 0) note(samples, name, micros / ORDERS / 1000)
    }
  }
  await two.server.kill()
  return {
    name: 'CPU of an order, of the nodes together',
    unit: 'ms',
    samples,
    goals: [{ of: TWO_NODES, to: ONE_NODE, atMost: 2 / 1.8 }],
  }
}

/** µs of CPU of all these nodes while `work` runs. */
async function cpuOfAll(
  [node, ...others]: readonly Running[],
  work: () => Promise<unknown>,
): Promise<number> {
  if (!node) return await work().then(() => 0)
  let theirs = 0
  const own = await node.server.cpuOf(async () => {
    theirs = await cpuOfAll(others, work)
  })
  return own + theirs
}

/** Copies of theatre 1, with seats and its menu. */
async function addTheatres({ database: { db } }: World): Promise<void> {
  await db.$executeRaw`
    INSERT INTO theatres (name, time_zone, max_time, min_time)
    SELECT 'Bench ' || n, time_zone, max_time, min_time FROM theatres, generate_series(2, ${THEATRES}::int) AS n WHERE id = 1`
  await db.$executeRaw`INSERT INTO halls (theatre_id, name) SELECT id, 'Bench' FROM theatres WHERE name LIKE 'Bench %'`
  await db.$executeRaw`
    INSERT INTO seats (hall_id, name, token) SELECT h.id, 'A' || n, 'bench-' || h.id || '-' || n
    FROM halls h, generate_series(1, ${SEATS}::int) AS n WHERE h.name = 'Bench'`
  await db.$executeRaw`
    INSERT INTO menu_items (theatre_id, name, price, position)
    SELECT t.id, m.name, m.price, m.position FROM theatres t, menu_items m WHERE t.name LIKE 'Bench %' AND m.theatre_id = 1 AND m.listed`
}

/** Null where there is no pgbench. */
async function appendsPerSecond({ database, t }: World, theatres: number): Promise<number | null> {
  if (spawnSync('pgbench', ['--version']).error) return null
  const folder = mkdtempSync(join(tmpdir(), 'houselights-pgbench-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [example] = await database.db.$queryRaw<
    { data: unknown }[]
  >`SELECT data FROM live_events WHERE name = 'order.confirmed' LIMIT 1`
  const event = (group: string) => ({ group, name: 'order.confirmed', data: example?.data })
  const events = JSON.stringify([event(':theatre'), event(':order')]).replaceAll("'", "''")
  const groups = events
    .replaceAll(':theatre', "theatre:' || :n::text || ':orders")
    .replaceAll(':order"', "order:' || :o::text || '\"")
  writeFileSync(
    join(folder, 'append.sql'),
    `\\set n random(1, ${theatres})\n\\set o random(1, 1000000)\nSELECT count(*) FROM houselights_append(('${groups}')::json, '[]'::json);\n`,
  )
  const url = new URL(database.url)
  const schema = url.searchParams.get('schema')
  url.search = schema ? `?options=-csearch_path%3D${schema}` : ''
  const args = [
    '-n',
    '-M',
    'simple',
    '-c',
    '4',
    '-T',
    `${PGBENCH_SECONDS}`,
    '-f',
    join(folder, 'append.sql'),
    url.href,
  ]
  const output = await outputOf('pgbench', args)
  const rate = /tps = ([\d.]+)/.exec(output)?.[1]
  if (rate === undefined) throw new Error(`pgbench: ${output}`)
  return Number(rate)
}

function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    child.once('error', reject)
    child.once('close', () => resolve(output))
  })
}
