import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import type { Bus } from '../../src/live/bus/bus.js'
import { MemoryBroker, MemoryBus } from '../../src/live/bus/memory-bus.js'
import { RedisBus } from '../../src/live/bus/redis-bus.js'
import { settlesBefore } from '../helpers/deadline.js'
import { Mailbox } from '../helpers/mailbox.js'
import { type OwnRedis, startRedis, testRedis } from '../helpers/redis.js'
import { until } from '../helpers/until.js'

interface Heard {
  channel: string
  message: string
}

/** A bus and all that its listener was told. */
interface Ear {
  bus: Bus
  heard: Mailbox<Heard>
  resets: Mailbox<true>
}

function listen(bus: Bus): Ear {
  const heard = new Mailbox<Heard>('bus')
  const resets = new Mailbox<true>('resets')
  bus.listener = {
    onMessage: (channel, message) => heard.push({ channel, message }),
    onReset: () => resets.push(true),
  }
  return { bus, heard, resets }
}

// as plugins/redis.ts opens them
const OPTIONS = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 250,
  connectTimeout: 2000,
  autoResubscribe: false,
  retryStrategy: () => 50,
}

interface RedisEar extends Ear {
  publisher: Redis
  subscriber: Redis
}

let links = 0

async function redisEar(t: Test, url: string, prefix: string, ready = true): Promise<RedisEar> {
  const name = `ear-${process.pid}-${++links}`
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

const FORMS = {
  memory: async (t: Test) => {
    const broker = new MemoryBroker()
    return async () => {
      const bus = new MemoryBus(broker)
      t.teardown(() => bus.close())
      return listen(bus)
    }
  },
  redis: async (t: Test) => {
    const url = await testRedis()
    const prefix = `test:${process.pid}:${++links}:`
    return (): Promise<Ear> => redisEar(t, url, prefix)
  },
}

for (const [name, form] of Object.entries(FORMS)) {
  t.test(`the contract of a bus: ${name}`, async (t) => {
    const open = await form(t)
    const [one, two] = [await open(), await open()]

    t.test(
      'what is published after a subscription arrives, at every subscriber, the publisher too',
      async (t) => {
        await Promise.all([one.bus.subscribe('a'), two.bus.subscribe('a')])
        one.bus.publish('a', 'first')
        for (const { heard } of [one, two])
          t.match(await heard.expect({ message: 'first' }), { channel: 'a' })
      },
    )

    t.test('never within publish', async (t) => {
      const before = one.heard.history.length
      one.bus.publish('a', 'later')
      t.equal(one.heard.history.length, before)
      await one.heard.expect({ message: 'later' })
      await two.heard.expect({ message: 'later' })
    })

    t.test('in the order of one publisher, unharmed', async (t) => {
      const texts = Array.from({ length: 500 }, (_, i) => `${i} "ü\n𝄞 ${'x'.repeat(i)}`)
      for (const text of texts) one.bus.publish('a', text)
      await two.heard.expect({ message: texts.at(-1) })
      t.strictSame(
        two.heard.history.slice(-500).map(({ message }) => message),
        texts,
      )
    })

    t.test('nobody hears other channels', async () => {
      await two.bus.subscribe('b')
      one.bus.publish('b', 'for two')
      await two.heard.expect({ message: 'for two' })
      one.bus.publish('a', 'mark')
      await one.heard.refute({ channel: 'b' }, { until: one.heard.expect({ message: 'mark' }) })
    })

    t.test('a channel that was given up is silent, the others go on; it can be taken up again', async (t) => {
      two.bus.unsubscribe('a')
      await two.bus.subscribe('c')
      one.bus.publish('a', 'unheard')
      one.bus.publish('c', 'heard')
      await two.heard.refute({ message: 'unheard' }, { until: two.heard.expect({ message: 'heard' }) })
      await two.bus.subscribe('a')
      one.bus.publish('a', 'again')
      t.match(await two.heard.expect({ message: 'again' }), { channel: 'a' })
    })

    t.test('many channels at once', async (t) => {
      const channels = Array.from({ length: 1200 }, (_, i) => `many-${i}`)
      await Promise.all(channels.map((channel) => two.bus.subscribe(channel)))
      for (const channel of channels) one.bus.publish(channel, channel)
      for (const channel of channels) await two.heard.expect({ channel, message: channel })
      for (const channel of channels) two.bus.unsubscribe(channel)
      t.equal(one.resets.history.length, 0)
    })
  })
}

t.test('Redis: a subscriber that is cut subscribes anew, and says that it was deaf', async (t) => {
  const ear = await redisEar(t, await testRedis(), `cut:${process.pid}:`)
  const channels = Array.from({ length: 700 }, (_, i) => `channel-${i}`)
  await Promise.all(channels.map((channel) => ear.bus.subscribe(channel)))
  ear.bus.unsubscribe('channel-3')
  for (let round = 0; round < 3; round++) {
    await ear.publisher.client('KILL', 'ID', await ear.subscriber.client('ID').catch(() => idOf(ear)))
    await ear.resets.expect(() => true)
    ear.bus.publish('channel-699', `after ${round}`)
    await ear.heard.expect({ message: `after ${round}` })
  }
  ear.bus.publish('channel-3', 'given up')
  ear.bus.publish('channel-0', 'mark')
  await ear.heard.refute({ message: 'given up' }, { until: ear.heard.expect({ message: 'mark' }) })
})

/** A subscriber may not ask for its own id: found in the list by its name. */
async function idOf({ publisher, subscriber }: RedisEar): Promise<number> {
  const list = String(await publisher.client('LIST'))
  const line = list.split('\n').find((entry) => entry.includes(`name=${subscriber.options.connectionName} `))
  return Number(/id=(\d+)/.exec(line ?? '')?.[1])
}

async function hearsAgain(ear: Ear, message: string): Promise<void> {
  await until(() => ear.bus.healthy, 'the bus to be healthy')
  await ear.resets.expect(() => true)
  ear.bus.publish('a', message)
  await ear.heard.expect({ message })
}

t.test('Redis down, at the start too: nothing waits, and it comes back by itself', async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  const ear = await redisEar(t, redis.url, 'p:', false)
  await quick(t, () => ear.bus.subscribe('a'))
  ear.bus.publish('a', 'lost')
  t.equal(ear.bus.healthy, false)
  await redis.restart()
  await hearsAgain(ear, 'back')
  await redis.kill()
  await until(() => !ear.bus.healthy, 'the loss to be known')
  await quick(t, () => ear.bus.subscribe('b'))
  ear.bus.publish('a', 'lost')
  await redis.restart()
  await hearsAgain(ear, 'back again')
  t.strictSame(
    ear.heard.history.map(({ message }) => message),
    ['back', 'back again'],
    'what was published meanwhile does not come late',
  )
})

t.test(
  'Redis stopped, its links open: known within seconds, nothing waits, nothing is queued without end',
  async (t) => {
    const redis: OwnRedis = await startRedis(t)
    const ear = await redisEar(t, redis.url, 'p:')
    await ear.bus.subscribe('a')
    redis.pause()
    try {
      await quick(t, () => ear.bus.subscribe('b'))
      await until(() => !ear.bus.healthy, 'the silence to be noticed')
      await until(() => ear.subscriber.status !== 'ready', 'the silent link to be given up')
    } finally {
      redis.resume()
    }
    await hearsAgain(ear, 'back')
    ear.bus.publish('b', 'taken up meanwhile')
    t.match(await ear.heard.expect({ channel: 'b' }), { message: 'taken up meanwhile' })
  },
)

async function quick(t: Test, work: () => Promise<void>): Promise<void> {
  t.ok(await settlesBefore(work, 1000), 'it does not wait for Redis')
}
