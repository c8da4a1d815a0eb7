import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Random } from '../helpers/random.js'
import type { ChaosCluster } from './chaos-cluster.js'
import type { Crowd } from './chaos-crowd.js'

/** A planned fault. Everything about it derives from the seed. */
export interface PlannedFault {
  /** ms from the start */
  at: number
  name: string
  /** faults of the same target run one after the other */
  target: string
  run(cluster: ChaosCluster, crowd: Crowd): Promise<void>
}

interface Kind {
  name: string
  /** its number of cards in the deck */
  cards: number
  plan(random: Random, nodes: number): Omit<PlannedFault, 'at'>
}

const fault = (name: string, target: string, run: PlannedFault['run']) => ({ name, target, run })

const node = (
  name: string,
  cards: number,
  inject: (signal: (name: NodeJS.Signals) => void, ms: number) => Promise<void>,
): Kind => ({
  name,
  cards,
  plan(random, nodes) {
    const place = random.below(nodes)
    const ms = 300 + random.below(3200)
    return fault(`${name} ${place + 1}`, `node ${place}`, async ({ nodes }) => {
      const target = nodes[place]
      if (!target) return
      await inject((signal) => target.signal(signal), ms)
      // ready again before its next fault, unless other faults prevent that
      await target.ready(15_000)
    })
  },
})

const redis = (
  name: string,
  cards: number,
  longest: number,
  inject: (cluster: ChaosCluster, ms: number) => Promise<void>,
): Kind => ({
  name,
  cards,
  plan(random) {
    const ms = 100 + random.below(longest)
    return fault(`${name} (${ms} ms)`, 'redis', (cluster) => inject(cluster, ms))
  },
})

const postgres = (
  name: string,
  longest: number,
  inject: (cluster: ChaosCluster, ms: number) => Promise<void>,
): Kind => ({
  name,
  cards: 1,
  plan(random) {
    const ms = 100 + random.below(longest)
    return fault(`${name} (${ms} ms)`, 'postgres', (cluster) => inject(cluster, ms))
  },
})

/** Some of the clients that are connected when the fault happens. */
const clients = (
  name: string,
  cards: number,
  most: number,
  inject: (crowd: Crowd, few: number, ms: number) => Promise<void>,
): Kind => ({
  name,
  cards,
  plan(random) {
    const few = 1 + random.below(most)
    const ms = 500 + random.below(7000)
    return fault(`${name} (${few})`, name, (_cluster, crowd) => inject(crowd, few, ms))
  },
})

const KINDS: Kind[] = [
  clients('sockets cut', 4, 60, async (crowd, few) => {
    for (const client of sample(crowd, few)) client.cut()
  }),
  clients('slow readers', 2, 20, async (crowd, few, ms) => {
    const slow = sample(crowd, few)
    for (const client of slow) client.pause()
    await wait(ms)
    for (const client of slow) client.resume()
  }),
  node('kill -9 of node', 2, async (signal) => signal('SIGKILL')),
  node('SIGTERM of node', 2, async (signal) => signal('SIGTERM')),
  node('SIGSTOP of node', 2, async (signal, ms) => {
    signal('SIGSTOP')
    await wait(ms)
    signal('SIGCONT')
  }),
  redis('redis killed, back empty', 1, 4000, async ({ redis }, ms) => {
    await redis.kill()
    await wait(ms)
    await redis.restart()
  }),
  redis('redis paused', 1, 4000, async ({ redis }, ms) => {
    redis.pause()
    await wait(ms)
    redis.resume()
  }),
  redis('redis subscribers killed', 1, 1, ({ redis }) =>
    command(redis.url, 'CLIENT', 'KILL', 'TYPE', 'pubsub'),
  ),
  redis('redis clients killed', 1, 1, ({ redis }) => command(redis.url, 'CLIENT', 'KILL', 'TYPE', 'normal')),
  redis('redis flushed', 1, 1, async ({ redis }) => {
    await command(redis.url, 'FLUSHALL')
    await command(redis.url, 'SCRIPT', 'FLUSH')
  }),
  postgres('postgres restarted', 1500, async ({ postgres }, ms) => {
    await postgres.stop('fast')
    await wait(ms)
    await postgres.start()
  }),
  postgres('postgres crashed', 1500, async ({ postgres }, ms) => {
    await postgres.stop('crash')
    await wait(ms)
    await postgres.start()
  }),
  postgres('postgres paused', 4000, async ({ postgres }, ms) => {
    await postgres.pause()
    await wait(ms)
    postgres.resume()
  }),
  postgres('postgres connections cut', 1, ({ postgres }) => postgres.cut()),
  postgres('pool full: writes blocked', 4000, (cluster, ms) => block(cluster, 'events', ms)),
  postgres('pool full: session reads blocked', 4000, (cluster, ms) => block(cluster, 'sessions', ms)),
]

async function block({ postgres }: ChaosCluster, what: 'events' | 'sessions', ms: number): Promise<void> {
  const release = await postgres.block(what)
  await wait(ms)
  await release()
}

/** in runs of this length and more, in ms: one minute without Redis per such period */
const LONG_RUN_MS = 240_000

const withoutRedis = (at: number): PlannedFault => ({
  at,
  ...fault('redis down for a minute', 'redis', async ({ redis }) => {
    await redis.kill()
    await wait(60_000)
    await redis.restart()
  }),
})

/** All cards, shuffled by the seed, and again when they are used up. */
export function planFaults(random: Random, forMs: number, nodes: number, everyMs: number): PlannedFault[] {
  const planned: PlannedFault[] = []
  for (let at = LONG_RUN_MS / 2; at <= forMs - LONG_RUN_MS / 2; at += LONG_RUN_MS)
    planned.push(withoutRedis(at))
  let deck: Kind[] = []
  for (let at = 500; at < forMs; at += everyMs / 2 + random.below(everyMs)) {
    if (deck.length === 0)
      deck = shuffled(
        KINDS.flatMap((kind) => Array<Kind>(kind.cards).fill(kind)),
        random,
      )
    const kind = deck.pop()
    if (kind) planned.push({ at, ...kind.plan(random, nodes) })
  }
  return planned.sort((a, b) => a.at - b.at)
}

function shuffled<T>(list: T[], random: Random): T[] {
  const left = [...list]
  return list.flatMap(() => left.splice(random.below(left.length), 1))
}

function sample({ clients, random }: Crowd, few: number) {
  return shuffled(clients, random).slice(0, few)
}

async function command(url: string, name: string, ...args: string[]): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    commandTimeout: 2000,
    connectTimeout: 2000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.call(name, ...args)
  } finally {
    client.disconnect()
  }
}
