import { setTimeout as wait } from 'node:timers/promises'
import { cookieOf, insertCrowd } from '../../test/gate/session-row.js'
import { PROGRAM_PATIENCE } from '../../test/helpers/deadline.js'
import { until } from '../../test/helpers/until.js'
import type { Call } from '../changes.js'
import { type Figure, note } from '../figures.js'
import {
  cpuOf,
  DAPHNE,
  type Door,
  GATE,
  memoryOf,
  NGINX_PROXY,
  openDoors,
  openFilesOf,
} from '../gate-doors.js'
import type { World } from '../world.js'

const CONCURRENCY = 20
/** files beyond those of the start that may be open before sockets count as closed: connections to the database */
const FEW = 20
const IDLE_SECONDS = 5
const NOTICES = 50
/** about as long as an order of the service */
const NOTICE: Call = {
  path: '/notify/all-seat-status/',
  headers: {},
  body: JSON.stringify({ order: 1, seat: 'A1', items: 'x'.repeat(500) }),
}

/**
 * What the gate adds to a site, beside the site's own Daphne and beside nginx that only passes on: each of them has the
 * sockets in turn, and only its own process counts.
 */
export async function measureGate(world: World): Promise<Figure[]> {
  const { options, load } = world
  const { site, database, doors } = await openDoors(world)
  const keys = await insertCrowd(database, ['staff'], options.sockets - 1)
  const cookies = keys.map(cookieOf)
  const handshakes: Record<string, number[]> = {}
  const frames: Record<string, number[]> = {}
  const memory: Record<string, number[]> = {}
  const idle: Record<string, number[]> = {}
  const notices = Array.from({ length: NOTICES }, () => NOTICE)
  for (let run = -1; run < options.runs; run++) {
    for (const door of doors) {
      const { name, target } = door
      const filesBefore = openFilesOf(door)
      const memoryBefore = memoryOf(door)
      const opening = await cpuOfWork(door, () =>
        load.run({
          do: 'open',
          group: name,
          target,
          cookies,
          count: options.sockets,
          concurrency: CONCURRENCY,
        }),
      )
      const grown = memoryOf(door) - memoryBefore
      const sending = await cpuOfWork(door, () =>
        // one after the other: the channel layer drops what is more than a hundred messages for a socket
        load.run({
          do: 'calls',
          port: site.port,
          calls: notices,
          concurrency: 1,
          perSecond: null,
          group: name,
          frames: 1,
        }),
      )
      const resting = await cpuOfWork(door, () => wait(IDLE_SECONDS * 1000))
      await load.run({ do: 'close', group: name })
      await until(() => openFilesOf(door) < filesBefore + FEW, 'the sockets to be closed', PROGRAM_PATIENCE)
      // in the first round code is compiled, and the heap grows to its size
      if (run < 0) note(memory, name, grown / options.sockets / 1024)
      else {
        note(handshakes, name, opening / options.sockets / 1000)
        note(frames, name, sending / options.sockets / notices.length)
        note(idle, name, resting / IDLE_SECONDS / 1000)
      }
    }
  }
  return [
    {
      name: 'CPU per handshake',
      unit: 'ms',
      samples: handshakes,
      goals: [{ of: GATE, to: DAPHNE, atMost: 1.5 }],
    },
    {
      name: 'CPU per frame',
      unit: 'µs',
      samples: frames,
      goals: [
        { of: GATE, to: DAPHNE, atMost: 0.25 },
        { of: GATE, to: NGINX_PROXY, atMost: 3 },
      ],
    },
    { name: 'CPU of a second without frames', unit: 'ms', samples: idle },
    { name: 'resident memory per socket, of a new process', unit: 'KB', samples: memory },
  ]
}

async function cpuOfWork(door: Door, work: () => Promise<unknown>): Promise<number> {
  const before = cpuOf(door)
  await work()
  return cpuOf(door) - before
}
