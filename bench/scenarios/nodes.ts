import { type Call, captureCalls, endOrders, PLAIN_ROUTE } from '../changes.js'
import { type Figure, note } from '../figures.js'
import { callsWithoutFrames, OURS, SOCKET_IO, sceneOf, startSubject, type World } from '../world.js'

const EVENT = JSON.stringify({ id: 1, status: 'confirmed', total: 18_000 })
const BATCH = 50

/** One node takes a webhook, or a plain emit; a socket of the other one, over Redis, gets the frame. */
export async function measureNodes(world: World): Promise<Figure[]> {
  const { load, database, options } = world
  const middle: Record<string, number[]> = {}
  const high: Record<string, number[]> = {}
  for (const subject of world.subjects.filter(({ name }) => name === OURS || name === SOCKET_IO)) {
    const [near, far] = [
      await startSubject(world, world.t, subject),
      await startSubject(world, world.t, subject),
    ]
    const isOurs = subject.name === OURS
    const scene = isOurs ? await sceneOf(world, near) : null
    await load.run({ do: 'open', group: subject.name, target: far.target, count: 1, concurrency: 1 })
    for (let run = -2; run < options.runs; run++) {
      const calls = scene
        ? await captureCalls(scene, BATCH)
        : Array.from({ length: BATCH }, (): Call => ({ path: '/event', headers: {}, body: EVENT }))
      const { firstFrames } = await load.run({
        do: 'calls',
        port: near.server.port,
        calls,
        concurrency: 1,
        perSecond: null,
        group: subject.name,
        // payment.paid and order.confirmed
        frames: isOurs ? 2 : 1,
      })
      await endOrders(database.db)
      if (run < 0) continue
      const sorted = firstFrames.sort((a, b) => a - b)
      note(middle, subject.name, sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN)
      note(high, subject.name, sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN)
      if (!scene) continue
      const plain = callsWithoutFrames(near.server.port, await PLAIN_ROUTE.prepare(scene, BATCH), 1)
      const { seconds } = await load.run(plain)
      note(middle, `${PLAIN_ROUTE.name}, until its response (mean)`, (seconds * 1000) / BATCH)
    }
    await load.run({ do: 'close', group: subject.name })
    for (const { server } of [near, far]) await server.kill()
  }
  const goals = [{ of: OURS, to: SOCKET_IO, atMost: 2 }]
  return [
    { name: 'webhook to the frame of another node, p50', unit: 'ms', samples: middle, goals },
    { name: 'webhook to the frame of another node, p99', unit: 'ms', samples: high, goals },
  ]
}
