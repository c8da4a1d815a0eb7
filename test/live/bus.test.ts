import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisBus } from '../../src/live/bus/redis-bus.js'
import { testDatabase } from '../helpers/database.js'
import { type OwnRedis, startRedis, testRedis } from '../helpers/redis.js'
import { until } from '../helpers/until.js'
import { type BusClient, listen, openPostgresBus, quick } from './bus-client.js'

// the same as in plugins/redis.ts
const OPTIONS = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 250,
  connectTimeout: 2000,
  autoResubscribe: false,
  retryStrategy: () => 50,
}

interface RedisBusClient extends BusClient {
  publisher: Redis
  subscriber: Redis
}

let links = 0

async function openRedisBus(t: Test, url: string, prefix: string, ready = true): Promise<RedisBusClient> {
  const name = `bus-${process.pid}-${++links}`
  const open = (kind: string) => new Redis(url, { ...OPTIONS, connectionName: `${name}-${kind}` })
  const [publisher, subscriber] = [open('publisher'), open('subscriber')]
  for (const link of [publisher, subscriber]) link.on('error', () => {})
  const bus = new RedisBus(publisher, subscriber, prefix)
  t.teardown(async () => {
    await bus.close()
    publisher.disconnect()
    subscriber.disconnect()
  })
  if (ready) await until(() => bus.healthy, 'the links to be ready')
  return { ...listen(bus), publisher, subscriber }
}

const BUSES = {
  postgres: async (t: Test) => {
    const { url } = await testDatabase(t)
    return (): Promise<BusClient> => openPostgresBus(t, url)
  },
  redis: async (t: Test) => {
    const url = await testRedis()
    const prefix = `test:${process.pid}:${++links}:`
    return (): Promise<BusClient> => openRedisBus(t, url, prefix)
  },
}

for (const [name, setUp] of Object.entries(BUSES)) {
  t.test(`${name} bus`, async (t) => {
    const open = await setUp(t)
    const [one, two, three] = [await open(), await open(), await open()]

    t.test('delivers to every other subscriber once subscribe has resolved', async (t) => {
      await Promise.all([one, two, three].map(({ bus }) => bus.subscribe('a')))
      one.bus.publish('a', 'first')
      for (const { received } of [two, three])
        t.match(await received.expect({ message: 'first' }), { channel: 'a' })
    })

    t.test('never delivers within publish', async (t) => {
      const counts = () => [one, two].map(({ received }) => received.history.length)
      const before = counts()
      one.bus.publish('a', 'later')
      t.strictSame(counts(), before)
      await two.received.expect({ message: 'later' })
    })

    t.test('keeps the order of one publisher and the exact text', async (t) => {
      const texts = Array.from({ length: 500 }, (_, i) => `${i} "ü\n𝄞 ${'x'.repeat(i)}`)
      for (const text of texts) one.bus.publish('a', text)
      await two.received.expect({ message: texts.at(-1) })
      t.strictSame(
        two.received.history.slice(-500).map(({ message }) => message),
        texts,
      )
    })

    t.test('delivers no messages of other channels', async () => {
      await two.bus.subscribe('b')
      one.bus.publish('b', 'for two')
      await two.received.expect({ message: 'for two' })
      one.bus.publish('a', 'mark')
      await three.received.refute({ channel: 'b' }, { until: three.received.expect({ message: 'mark' }) })
    })

    t.test('delivers nothing after unsubscribe, until subscribed again; other channels go on', async (t) => {
      two.bus.unsubscribe('a')
      await two.bus.subscribe('c')
      one.bus.publish('a', 'dropped')
      one.bus.publish('c', 'delivered')
      await two.received.refute(
        { message: 'dropped' },
        { until: two.received.expect({ message: 'delivered' }) },
      )
      await two.bus.subscribe('a')
      one.bus.publish('a', 'again')
      t.match(await two.received.expect({ message: 'again' }), { channel: 'a' })
    })

    t.test('handles 1,200 channels at once', async (t) => {
      const channels = Array.from({ length: 1200 }, (_, i) => `many-${i}`)
      await Promise.all(channels.map((channel) => two.bus.subscribe(channel)))
      for (const channel of channels) one.bus.publish(channel, channel)
      for (const channel of channels) await two.received.expect({ channel, message: channel })
      for (const channel of channels) two.bus.unsubscribe(channel)
      t.equal(one.resets.history.length, 0)
    })
  })
}

t.test('Redis: after its link was killed a subscriber resubscribes and reports onReset', async (t) => {
  const client = await openRedisBus(t, await testRedis(), `cut:${process.pid}:`)
  const channels = Array.from({ length: 700 }, (_, i) => `channel-${i}`)
  await Promise.all(channels.map((channel) => client.bus.subscribe(channel)))
  client.bus.unsubscribe('channel-3')
  for (let round = 0; round < 3; round++) {
    await client.publisher.client(
      'KILL',
      'ID',
      await client.subscriber.client('ID').catch(() => idOf(client)),
    )
    await client.resets.expect(() => true)
    client.bus.publish('channel-699', `after ${round}`)
    await client.received.expect({ message: `after ${round}` })
  }
  client.bus.publish('channel-3', 'unsubscribed')
  client.bus.publish('channel-0', 'mark')
  await client.received.refute(
    { message: 'unsubscribed' },
    { until: client.received.expect({ message: 'mark' }) },
  )
})

/** A subscribed link can't run CLIENT ID: its id is found in the client list by its name. */
async function idOf({ publisher, subscriber }: RedisBusClient): Promise<number> {
  const list = String(await publisher.client('LIST'))
  const line = list.split('\n').find((entry) => entry.includes(`name=${subscriber.options.connectionName} `))
  return Number(/id=(\d+)/.exec(line ?? '')?.[1])
}

async function expectRecovery(client: BusClient, message: string): Promise<void> {
  await until(() => client.bus.healthy, 'the bus to be healthy')
  await client.resets.expect(() => true)
  client.bus.publish('a', message)
  await client.received.expect({ message })
}

t.test('Redis: while it is down, at the start too, nothing waits; the bus recovers by itself', async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  const client = await openRedisBus(t, redis.url, 'p:', false)
  await quick(t, () => client.bus.subscribe('a'))
  client.bus.publish('a', 'lost')
  t.equal(client.bus.healthy, false)
  await redis.restart()
  await expectRecovery(client, 'back')
  await redis.kill()
  await until(() => !client.bus.healthy, 'the loss to be detected')
  await quick(t, () => client.bus.subscribe('b'))
  client.bus.publish('a', 'lost')
  await redis.restart()
  await expectRecovery(client, 'back again')
  t.strictSame(
    client.received.history.map(({ message }) => message),
    ['back', 'back again'],
    'messages published while it was down are never delivered',
  )
})

t.test(
  'Redis: while it hangs with open links nothing waits; the links are given up and reconnected',
  async (t) => {
    const redis: OwnRedis = await startRedis(t)
    const client = await openRedisBus(t, redis.url, 'p:')
    await client.bus.subscribe('a')
    redis.pause()
    try {
      await quick(t, () => client.bus.subscribe('b'))
      await until(() => !client.bus.healthy, 'the silence to be detected')
      await until(() => client.subscriber.status !== 'ready', 'the silent link to be closed')
    } finally {
      redis.resume()
    }
    await expectRecovery(client, 'back')
    client.bus.publish('b', 'subscribed while it hung')
    t.match(await client.received.expect({ channel: 'b' }), { message: 'subscribed while it hung' })
  },
)
