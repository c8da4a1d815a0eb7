import { TeardownList } from '../../test/helpers/teardown.js'
import { until } from '../../test/helpers/until.js'
import { type Figure, note } from '../figures.js'
import { cpuSecondsOf, Measured, rssOf } from '../processes.js'
import { OURS, PLAIN, SOCKET_IO, type World } from '../world.js'

const IMPORTS = 'imports alone'
const IDLE_MS = 1500
const DEADLINE_MS = 60_000

interface Start {
  name: string
  file: string
  env: Record<string, string>
  isServer: boolean
}

/** A start until /readyz answers, in CPU and time, and the memory of the process that then idles. */
export async function measureStarts(world: World): Promise<Figure[]> {
  const starts: Start[] = [
    { name: OURS, file: `${world.build}/src/server.js`, env: world.env, isServer: true },
    { name: IMPORTS, file: '../servers/imports.mjs', env: {}, isServer: false },
    { name: SOCKET_IO, file: '../peers/socket-io.mjs', env: {}, isServer: true },
    { name: PLAIN, file: '../peers/ws.mjs', env: {}, isServer: true },
  ]
  const cpu: Record<string, number[]> = {}
  const time: Record<string, number[]> = {}
  const memory: Record<string, number[]> = {}
  for (let run = 0; run < world.options.runs; run++) {
    for (const start of starts) {
      const one = await measureStart(start)
      note(time, start.name, one.seconds)
      if (one.cpu !== null) note(cpu, start.name, one.cpu)
      if (one.rss !== null) note(memory, start.name, one.rss / 1024 / 1024)
    }
  }
  return [
    {
      name: 'CPU until /readyz',
      unit: 's',
      samples: cpu,
      goals: [
        { of: OURS, to: IMPORTS, atMost: 2 },
        { of: OURS, to: SOCKET_IO, atMost: 2 },
      ],
    },
    { name: 'time until /readyz', unit: 's', samples: time },
    { name: 'memory of the idle process', unit: 'MB', samples: memory },
  ]
}

async function measureStart({ file, env, isServer }: Start) {
  const opened = new TeardownList()
  try {
    const startedAt = performance.now()
    const server = await Measured.start(opened, new URL(file, import.meta.url).href, { env })
    if (isServer) await untilReady(server.port)
    const seconds = (performance.now() - startedAt) / 1000
    const { pid = 0 } = server.child
    const cpu = cpuSecondsOf(pid)
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    const rss = rssOf(pid)
    await server.kill()
    return { seconds, cpu, rss }
  } finally {
    await opened.closeAll()
  }
}

export const untilReady = (port: number): Promise<unknown> =>
  until(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
      await answer?.arrayBuffer()
      return answer?.ok
    },
    'the service to be ready',
    DEADLINE_MS,
  )
