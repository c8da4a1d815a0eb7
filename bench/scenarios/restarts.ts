import { freePort } from '../../scripts/cluster/programs.js'
import { type Figure, note } from '../figures.js'
import { Measured } from '../processes.js'
import { OURS, PLAIN, startSubject, type World } from '../world.js'
import { untilReady } from './starts.js'

const CONCURRENCY = 50

/** The process is killed and started again at once; its clients come back as fast as they can. */
export async function measureRestarts(world: World): Promise<Figure[]> {
  const { options, load, subjects, t } = world
  const back: Record<string, number[]> = {}
  const answers: Record<string, number[]> = {}
  for (const subject of subjects) {
    const env = { PORT: `${await freePort()}` }
    let { server, target } = await startSubject(world, t, subject, { env })
    await load.run({
      do: 'open',
      group: subject.name,
      target,
      count: options.sockets,
      concurrency: CONCURRENCY,
    })
    for (let run = 0; run < options.runs; run++) {
      const rejoined = load.run({ do: 'rejoin', group: subject.name })
      const startedAt = performance.now()
      await server.kill()
      // as a supervisor does: the built service itself
      const file = subject.name === OURS ? `${world.build}/src/server.js` : subject.file
      const path = subject.name === OURS ? file : new URL(`../${file}`, import.meta.url).href
      server = await Measured.start(t, path, { env: { ...subject.env, ...env } })
      await untilReady(server.port)
      note(answers, subject.name, (performance.now() - startedAt) / 1000)
      await rejoined
      note(back, subject.name, (performance.now() - startedAt) / 1000)
    }
    await load.run({ do: 'close', group: subject.name })
    await server.kill()
  }
  return [
    {
      name: `all ${options.sockets} sockets back after kill -9`,
      unit: 's',
      samples: back,
      goals: [{ of: OURS, to: PLAIN, atMost: 2 }],
    },
    { name: 'of which until the process answers', unit: 's', samples: answers },
  ]
}
