import t from 'tap'
import { createLocalCounter } from '../../src/limits/hit-counter.js'
import { testDatabase } from '../helpers/database.js'
import { startRedis } from '../helpers/redis.js'
import { startService } from '../helpers/service.js'

t.test('on one node windows expire, and refunds don’t go below zero', async (t) => {
  let now = 1
  const counter = createLocalCounter({ now: () => now })
  t.same(await counter.hit('k', 10, 1), { allowed: true, remainingMs: 10_000 })
  now = 4001
  t.same(await counter.hit('k', 10, 1), { allowed: false, remainingMs: 6000 })
  now = 10_002
  t.same(await counter.hit('k', 10, 1), { allowed: true, remainingMs: 10_000 })
  for (const key of ['k', 'k', 'unknown']) await counter.refund(key)
  t.match(await counter.hit('k', 10, 1), { allowed: true })
  t.match(await counter.hit('k', 10, 1), { allowed: false })
})

t.test('on one node a flood of keys evicts the least recently hit ones', async (t) => {
  const counter = createLocalCounter({ maxKeys: 3 })
  await counter.hit('attacker', 10, 1)
  for (let i = 0; i < 100; i++) {
    await counter.hit(`other ${i}`, 10, 1)
    if (i % 2 === 1) t.notOk((await counter.hit('attacker', 10, 1)).allowed)
  }
  t.ok((await counter.hit('other 0', 10, 1)).allowed, 'evicted')
})

t.test('on one node no flood of others evicts a key that is near its limit or over it', async (t) => {
  let now = 1
  const counter = createLocalCounter({ maxKeys: 100, now: () => now })
  for (let i = 0; i < 11; i++) await counter.hit('blocked', 300, 10)
  for (let i = 0; i < 5; i++) await counter.hit('near', 300, 10)
  now += 1000
  for (let i = 0; i < 5000; i++) await counter.hit(`other ${i}`, 300, 10)
  t.same(await counter.hit('blocked', 300, 10), { allowed: false, remainingMs: 299_000 })
  for (let i = 0; i < 5; i++) t.match(await counter.hit('near', 300, 10), { allowed: true })
  t.match(await counter.hit('near', 300, 10), { allowed: false })
  await counter.refund('near')
  now += 299_001
  for (const key of ['blocked', 'near']) {
    t.same(await counter.hit(key, 300, 10), { allowed: true, remainingMs: 300_000 }, 'a new window')
  }
})

t.test('on two nodes', async (t) => {
  const redis = await startRedis(t)
  const database = await testDatabase(t)
  const env = { REDIS_URL: redis.url }
  const [a, b] = [
    (await startService(t, { database, env })).app,
    (await startService(t, { database, env })).app,
  ]
  const commands = a.redis.commands
  if (!commands) throw new Error('no Redis')
  const keyOf = async (name: string) => (await commands.keys(`*limit:${name}:*`))[0] ?? ''

  await t.test('hits count together', async (t) => {
    t.match(await a.hitCounter.hit('secret-name', 60, 2), { allowed: true })
    t.match(await b.hitCounter.hit('secret-name', 60, 2), { allowed: true })
    const third = await b.hitCounter.hit('secret-name', 60, 2)
    t.notOk(third.allowed)
    t.ok(third.remainingMs > 0 && third.remainingMs <= 60_000)
    t.match(await keyOf('hits'), /:[\w-]{22}$/)
    t.notMatch((await commands.keys('*')).join(), /secret/, 'keys reveal nothing')
    t.match(await a.refusalCounter.hit('secret-name', 60, 2), { allowed: true }, 'another counter')
  })

  await t.test('a refund counts on all nodes, and doesn’t go below zero', async (t) => {
    for (let i = 0; i < 3; i++) await a.hitCounter.refund('secret-name')
    t.equal(await commands.get(await keyOf('hits')), '0')
    await a.hitCounter.refund('unknown')
    t.equal((await commands.keys('*limit:hits:*')).length, 1)
    t.match(await a.hitCounter.hit('secret-name', 60, 1), { allowed: true })
  })

  await t.test('an unusable reply leaves this node’s own count', async (t) => {
    const key = await keyOf('hits')
    await commands.del(key)
    await commands.lpush(key, 'not a number')
    t.match(await a.hitCounter.hit('secret-name', 60, 2), { allowed: true })
    t.match(await a.hitCounter.hit('secret-name', 60, 2), { allowed: false })
  })

  await t.test('a Redis that goes down, or restarts empty, grants no new attempts', async (t) => {
    await redis.kill()
    t.match(await a.hitCounter.hit('secret-name', 60, 2), { allowed: false })
    t.match(await a.hitCounter.hit('another', 60, 1), { allowed: true })
    t.match(await a.hitCounter.hit('another', 60, 1), { allowed: false })
    await a.hitCounter.refund('another')
    await redis.restart()
    t.match(await a.hitCounter.hit('secret-name', 60, 2), { allowed: false })
  })
})
