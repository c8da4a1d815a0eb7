import { type Call, endOrders, PLAIN_ROUTE, stepCalls } from '../changes.js'
import { type Figure, note } from '../figures.js'
import { OURS, PLAIN, type Running, sceneOf, startSubject, type World } from '../world.js'

/** as the service sends it: the peers send the same bytes */
const EVENT = JSON.stringify({
  id: 1,
  theatreId: 1,
  theatreName: 'Grand Cinema',
  seat: { id: 1, name: 'A1', hall: 'Screen 1' },
  status: 'seen',
  paymentStatus: 'pending',
  paymentMethod: 'cash',
  items: [{ menuItemId: 1, name: 'Salted popcorn', quantity: 1, unitPrice: 18_000 }],
  note: null,
  total: 18_000,
  refundedAmount: 0,
  dueBack: 0,
  createdAt: '2026-11-29T12:00:00.000Z',
  confirmedAt: '2026-11-29T12:00:00.000Z',
  seenAt: '2026-11-29T12:01:00.000Z',
  deliveredAt: null,
  cancelledAt: null,
})
const BURST = 200
const PACED_PER_SECOND = 10
const SLOWLY: Pace = { concurrency: 4, perSecond: PACED_PER_SECOND }
const OPENED_AT_ONCE = 50

/** Events to all sockets, each an HTTP call of its own, on different orders. */
export async function measureDeliveries(world: World): Promise<Figure[]> {
  const { options, load, subjects } = world
  const running: Running[] = []
  for (const subject of subjects) {
    const one = await startSubject(world, world.t, subject)
    running.push(one)
    const open = { do: 'open', group: subject.name, target: one.target, concurrency: OPENED_AT_ONCE } as const
    await load.run({ ...open, count: options.sockets })
  }
  const rate: Record<string, number[]> = {}
  const burst: Record<string, number[]> = {}
  const paced: Record<string, number[]> = {}
  const [many, few] = options.quick ? [60, 20] : [200, 50]
  for (let run = -1; run < options.runs; run++) {
    for (const one of running) {
      const { name } = one.subject
      const closed = await deliver(world, one, many, { concurrency: 4, perSecond: null })
      const slowly = await deliver(world, one, few, SLOWLY)
      // the first round compiles the code
      if (run < 0) continue
      note(rate, name, (many * options.sockets) / closed.seconds)
      note(paced, name, slowly.micros / (few * options.sockets))
      if (name !== OURS) continue
      const calls = await PLAIN_ROUTE.prepare(await sceneOf(world, one), few)
      const { micros } = await makeCalls(world, one, calls, { ...SLOWLY, frames: 0 })
      note(paced, `${PLAIN_ROUTE.name}, nothing delivered`, micros / (few * options.sockets))
    }
  }
  await measureBursts(world, running, burst)
  for (const { subject, server } of running) {
    await load.run({ do: 'close', group: subject.name })
    await server.kill()
  }
  return [
    {
      name: 'deliveries per second, 4 events under way',
      unit: '1/s',
      samples: rate,
      goals: [{ of: OURS, to: PLAIN, atLeast: 2.5 }],
    },
    {
      name: `${BURST} events at once to all`,
      unit: 's',
      samples: burst,
      goals: [{ of: OURS, to: PLAIN, atMost: 0.5 }],
    },
    {
      name: `CPU per delivery at ${PACED_PER_SECOND} events per second, the change included`,
      unit: 'µs',
      samples: paced,
      goals: [{ of: OURS, to: PLAIN, atMost: 1 }],
    },
  ]
}

/** Last, and given up for a subject that refuses calls: on a busy machine a burst may wait too long for the database. */
async function measureBursts(world: World, running: Running[], samples: Record<string, number[]>) {
  for (const one of running) {
    const { name } = one.subject
    try {
      for (let run = -1; run < world.options.runs; run++) {
        const { seconds } = await deliver(world, one, BURST, { concurrency: BURST, perSecond: null })
        if (run >= 0) note(samples, name, seconds)
      }
    } catch (error) {
      console.log(`${name}, ${BURST} events at once: ${error instanceof Error ? error.message : error}`)
    }
  }
}

interface Pace {
  concurrency: number
  /** null: as fast as `concurrency` allows */
  perSecond: number | null
}

/** Makes events, and waits until all sockets have them. */
async function deliver(world: World, running: Running, count: number, pace: Pace) {
  const { subject, target } = running
  const isOurs = subject.name === OURS
  const calls = isOurs
    ? await stepCalls({ db: world.database.db, staff: target.cookie }, count, 'seen')
    : Array.from({ length: count }, (): Call => ({ path: '/event', headers: {}, body: EVENT }))
  const result = await makeCalls(world, running, calls, { ...pace, frames: 1 })
  if (isOurs) await endOrders(world.database.db)
  return result
}

/** `frames`: of each call, to each socket. */
async function makeCalls(
  { load }: World,
  { subject, server }: Running,
  calls: Call[],
  how: Pace & { frames: number },
): Promise<{ micros: number; seconds: number }> {
  let seconds = 0
  const micros = await server.cpuOf(async () => {
    const result = await load.run({ do: 'calls', port: server.port, calls, group: subject.name, ...how })
    seconds = result.seconds
  })
  return { micros, seconds }
}
