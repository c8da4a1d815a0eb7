import t from 'tap'
import { createMemoryCounter } from '../../src/limits/memory-counter.js'
import { Refusals } from '../../src/limits/refusals.js'
import { createSharedCounter } from '../../src/limits/shared-counter.js'
import type { SharedStore } from '../../src/limits/shared-store.js'
import { UserSockets } from '../../src/limits/user-sockets.js'
import { WindowCounter } from '../../src/limits/window-counter.js'

/** A store that answers what it is told to, or is down. */
function storeOf(answer: () => unknown): SharedStore & { tell(message: string): void; keys: string[] } {
  let hear: (message: string) => void = () => {}
  const keys: string[] = []
  return {
    keys,
    nameOf: (key) => `test:${key}`,
    async run(_script, names) {
      keys.push(...names)
      return answer()
    },
    listen: (_channel, listener) => {
      hear = listener
    },
    tell: (message) => hear(message),
  }
}
const down = () => {
  throw new Error('redis is down')
}

t.test('windows end, are bounded in number, and take over what others know', async (t) => {
  let now = 0
  const counter = new WindowCounter(1000, 3, () => now)
  counter.add('a')
  now = 400
  t.equal(counter.add('a'), 2)
  t.equal(counter.remainingMs('a'), 600)
  counter.raise('a', 9, 300)
  t.same([counter.count('a'), counter.remainingMs('a')], [9, 300])
  counter.raise('a', 5, 900)
  t.equal(counter.count('a'), 9, 'never lowered')
  now = 700
  t.equal(counter.count('a'), 0)
  for (const key of ['b', 'c', 'd', 'e', 'f']) counter.add(key)
  t.equal(counter.size, 3, 'a flood of keys costs no memory')
})

t.test('tries are counted together, and alone when the store is down or says nonsense', async (t) => {
  const shared = createSharedCounter(
    storeOf(() => [11, 5000]),
    createMemoryCounter(),
  )
  t.same(await shared.hit('k', 60, 10), { allowed: false, retryAfter: 5 })
  for (const answer of [down, () => 'nonsense', () => null, () => [1]]) {
    const alone = createSharedCounter(storeOf(answer), createMemoryCounter())
    t.match(await alone.hit('k', 60, 1), { allowed: true })
    t.match(await alone.hit('k', 60, 1), { allowed: false })
    await alone.forgive('k')
  }
  const store = storeOf(() => [1, 1])
  await createSharedCounter(store, createMemoryCounter()).hit('login:account:secret-name', 60, 1)
  t.notMatch(store.keys.join(), /secret-name/, 'keys tell nothing')
})

t.test('refusals: what another node tells is believed, and nothing else', async (t) => {
  const store = storeOf(() => [1, 9000])
  const refusals = new Refusals(3, store)
  await refusals.add('session token-4711')
  t.notMatch(store.keys.join(), /token-4711/)
  const [key = ''] = store.keys
  const client = key.slice('test:refusals:'.length)
  for (const message of ['', 'x', `99999999 ${client}`, `5000 ${client}x`, '5000 short']) store.tell(message)
  t.equal(refusals.remainingMs('session token-4711'), 0)
  store.tell(`5000 ${client}`)
  t.ok(refusals.remainingMs('session token-4711') > 4000)
  const alone = new Refusals(2, storeOf(down))
  await alone.add('a')
  await alone.add('a')
  t.ok(alone.remainingMs('a') > 0)
  t.equal(alone.remainingMs('b'), 0)
})

t.test('places: at once, given back, and when the store is down or full', async (t) => {
  const alone = new UserSockets('n', 3, 1000, storeOf(down))
  const got = await Promise.all(Array.from({ length: 10 }, () => alone.reserve(1)))
  t.equal(got.filter(Boolean).length, 3)
  alone.release(1)
  t.ok(await alone.reserve(1))
  t.ok(await alone.reserve(2))
  for (let i = 0; i < 5; i++) alone.release(1)
  t.equal(alone.count(1), 0, 'never below nothing')
  const full = new UserSockets(
    'n',
    3,
    1000,
    storeOf(() => [0]),
  )
  t.notOk(await full.reserve(1))
  t.equal(full.count(1), 0, 'a refused one takes no place')
  for (const users of [alone, full]) users.close()
})
