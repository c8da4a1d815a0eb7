import { startOtlpCollector } from '../../test/helpers/otlp-collector.js'
import { CHANGES, endOrders, type Scene } from '../changes.js'
import { type Figure, note } from '../figures.js'
import { callsWithoutFrames, type Running, sceneOf, startOurs, type World } from '../world.js'

/** calls of one batch; an order may not be one of more that are live in a theatre */
const CALLS = 50
const BATCHES = 4
const CONCURRENCY = 4
const WARM_UP = 3
const OFF = 'off'
const MEASURED = ['placing an order', 'webhook capture']

/** CPU of a change while tracing is off, on, and on for one request of ten; the sending of the spans included. */
export async function measureTracing(world: World): Promise<Figure[]> {
  const { url } = await startOtlpCollector(world.t)
  // within the batches that caused them
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '100' }
  const some = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }
  const subjects: Record<string, Running> = {
    [OFF]: await startOurs(world),
    'on, 1 in 10': await startOurs(world, { ...on, ...some }),
    on: await startOurs(world, on),
  }
  const samples = new Map(MEASURED.map((name): [string, Record<string, number[]>] => [name, {}]))
  for (let run = -WARM_UP; run < world.options.runs; run++) {
    for (const [name, running] of Object.entries(subjects)) {
      const scene = await sceneOf(world, running)
      for (const [change, own] of samples) {
        const micros = await cpuOf(world, running, scene, change)
        if (run >= 0) note(own, name, micros / (CALLS * BATCHES) / 1000)
      }
    }
  }
  for (const { server } of Object.values(subjects)) await server.close()
  return [...samples].map(([name, own]) => ({
    name,
    unit: 'ms of CPU',
    samples: own,
    goals: Object.keys(subjects).flatMap((of) => (of === OFF ? [] : [{ of, to: OFF, atMost: 2 }])),
  }))
}

async function cpuOf({ load, database }: World, { server }: Running, scene: Scene, name: string) {
  const change = CHANGES.find((each) => each.name === name)
  let micros = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const calls = (await change?.prepare(scene, CALLS)) ?? []
    micros += await server.cpuOf(() => load.run(callsWithoutFrames(server.port, calls, CONCURRENCY)))
    await endOrders(database.db)
  }
  return micros
}
