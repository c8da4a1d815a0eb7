import { endOrders, stepCalls } from '../changes.js'
import type { Figure } from '../figures.js'
import { callsWithoutFrames, closeSockets, OURS, type Running, startOurs, type World } from '../world.js'

/** rounds in which all sockets open and close; before the first reading some, so that caches and compiled code are there */
const ROUNDS = 20
const WARM_UP = 3
const CONCURRENCY = 50
/** as many as an hour has seconds; before the first reading, more than the feed's ring holds */
const EVENTS = 3600
const FIRST_EVENTS = 1200
const BATCH = 50
const LISTENERS = 100
const BEFORE = 'before'
const AFTER = 'after'
/** as much as two readings of the same process differ */
const FLAT = 1.05

/** What a node still holds after sockets and events have come and gone: heap and buffers, after a garbage collection. */
export async function measureMemory(world: World): Promise<Figure[]> {
  return [await measureConnects(world), await measureEvents(world)]
}

async function measureConnects(world: World): Promise<Figure> {
  const running = await startOurs(world)
  const { sockets } = world.options
  for (let round = 0; round < WARM_UP; round++) await openAndClose(world, running, sockets)
  const before = await retained(running)
  for (let round = 0; round < ROUNDS; round++) await openAndClose(world, running, sockets)
  const after = await retained(running)
  await running.server.kill()
  return flat(`${(ROUNDS * sockets).toLocaleString('en-US')} sockets opened and closed`, before, after)
}

async function openAndClose(world: World, running: Running, count: number): Promise<void> {
  await world.load.run({ do: 'open', group: OURS, target: running.target, count, concurrency: CONCURRENCY })
  await closeSockets(world, running)
}

async function measureEvents(world: World): Promise<Figure> {
  const running = await startOurs(world)
  const { target } = running
  await world.load.run({ do: 'open', group: OURS, target, count: LISTENERS, concurrency: CONCURRENCY })
  const events = world.options.quick ? FIRST_EVENTS : EVENTS
  await makeEvents(world, running, FIRST_EVENTS)
  const before = await retained(running)
  await makeEvents(world, running, events)
  const after = await retained(running)
  await world.load.run({ do: 'close', group: OURS })
  await running.server.kill()
  return flat(`${events.toLocaleString('en-US')} events to ${LISTENERS} sockets`, before, after)
}

async function makeEvents({ database, load }: World, { server, target }: Running, count: number) {
  for (let made = 0; made < count; made += BATCH) {
    const calls = await stepCalls({ db: database.db, staff: target.cookie }, BATCH, 'seen')
    await load.run(callsWithoutFrames(server.port, calls, 4))
    await endOrders(database.db)
  }
}

const retained = async ({ server }: Running) => (await server.usage()).retained / 1e6

const flat = (name: string, before: number, after: number): Figure => ({
  name: `heap and buffers, ${name}`,
  unit: 'MB',
  samples: { [BEFORE]: [before], [AFTER]: [after] },
  goals: [{ of: AFTER, to: BEFORE, atMost: FLAT }],
})
