import { endOrders, insertOrders } from '../changes.js'
import { type Figure, note } from '../figures.js'
import {
  closeSockets,
  OURS,
  PLAIN,
  type Running,
  SOCKET_IO,
  type Subject,
  startSubject,
  type World,
} from '../world.js'

const CONCURRENCY = 50
/** live orders in the snapshot */
const ORDERS = 20
/** bytes of the snapshot of so many orders, about */
const SNAPSHOT_BYTES = 11_000

/** A socket route of the same packages that does only what any has to: the floor of ours. */
const plainSocket = ({ env }: World): Subject => ({
  name: 'a plain socket in Fastify',
  file: './servers/plain-socket.mjs',
  env: { ...env, BENCH_PAYLOAD_BYTES: `${SNAPSHOT_BYTES}` },
  path: '/socket',
  protocol: 'houselights.v1',
})

/** Sockets that open at once; ours subscribe and get their snapshot. Memory per socket too, on a heap that is small first. */
export async function measureHandshakes(world: World): Promise<Figure[]> {
  const { options, load, subjects, database } = world
  const running: Running[] = []
  for (const subject of [...subjects, plainSocket(world)])
    running.push(await startSubject(world, world.t, subject))
  await insertOrders(database.db, ORDERS)
  const rate: Record<string, number[]> = {}
  const cpu: Record<string, number[]> = {}
  const heap: Record<string, number[]> = {}
  const rss: Record<string, number[]> = {}
  for (let run = -1; run < options.runs; run++) {
    for (const each of running) {
      const { subject, server, target } = each
      const before = await server.usage()
      const open = { do: 'open', group: subject.name, target, concurrency: CONCURRENCY } as const
      const { seconds } = await load.run({ ...open, count: options.sockets })
      const after = await server.usage()
      // what the closed sockets held must not be counted as the next ones' gain
      await closeSockets(world, each)
      // the first round compiles the code
      if (run < 0) continue
      note(rate, subject.name, options.sockets / seconds)
      note(cpu, subject.name, (after.cpu - before.cpuAfter) / options.sockets / 1000)
      note(heap, subject.name, (after.retained - before.retained) / options.sockets / 1024)
      note(rss, subject.name, (after.rss - before.rss) / options.sockets / 1024)
    }
  }
  for (const { server } of running) await server.kill()
  await endOrders(database.db)
  return [
    {
      name: 'handshakes per second',
      unit: '1/s',
      samples: rate,
      goals: [
        { of: OURS, to: PLAIN, atLeast: 0.5 },
        { of: OURS, to: SOCKET_IO, atLeast: 1.5 },
      ],
    },
    { name: 'CPU per handshake', unit: 'ms', samples: cpu, goals: [{ of: OURS, to: PLAIN, atMost: 1.36 }] },
    {
      name: 'heap and buffers per socket',
      unit: 'KB',
      samples: heap,
      goals: [{ of: OURS, to: PLAIN, atMost: 1.5 }],
    },
    { name: 'resident memory per socket', unit: 'KB', samples: rss },
  ]
}
