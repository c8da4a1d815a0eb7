import t from 'tap'
import { createLocalCounter, type HitCounter } from '../../src/limits/hit-counter.js'
import { Refusals } from '../../src/limits/refusals.js'

t.test('only the client that reaches the limit is blocked, for the rest of its window', async (t) => {
  const refusals = new Refusals(3, createLocalCounter())
  for (let i = 0; i < 2; i++) await refusals.add('session token-4711')
  t.equal(refusals.blockedMs('session token-4711'), 0)
  await refusals.add('session token-4711')
  const blockedMs = refusals.blockedMs('session token-4711')
  t.ok(blockedMs > 0 && blockedMs <= 10_000)
  t.equal(refusals.blockedMs('session token-4712'), 0)
})

t.test('a blocked client is not counted further', async (t) => {
  const local = createLocalCounter()
  const hits: string[] = []
  const counting: HitCounter = {
    ...local,
    hit: (key, seconds, limit) => {
      hits.push(key)
      return local.hit(key, seconds, limit)
    },
  }
  const refusals = new Refusals(1, counting)
  await refusals.add('a')
  for (let i = 0; i < 5; i++) await refusals.add('a')
  t.same(hits, ['a'])
})

t.test('refusals of twenty thousand other clients don’t unblock one', async (t) => {
  const refusals = new Refusals(1, createLocalCounter())
  await refusals.add('attacker')
  for (let i = 0; i < 20_000; i++) await refusals.add(`other ${i}`)
  t.ok(refusals.blockedMs('attacker') > 0)
})
