import t from 'tap'
import type { SharedStore } from '../../src/limits/shared-store.js'
import { UserSockets } from '../../src/limits/user-sockets.js'

/** A store with a fixed reply, or a failure. Real Redis: test/security/limits.test.ts. */
function storeThat(reply: () => unknown): SharedStore {
  return { nameOf: (key) => `test:${key}`, attempt: (commands) => commands(), run: async () => reply() }
}

t.test('while the store is down each node limits its own sockets, concurrent ones too', async (t) => {
  const users = new UserSockets(
    'n',
    3,
    1000,
    storeThat(() => {
      throw new Error('redis is down')
    }),
  )
  t.teardown(() => users.close())
  const reserved = await Promise.all(Array.from({ length: 10 }, () => users.reserve(1)))
  t.equal(reserved.filter(Boolean).length, 3)
  users.release(1)
  t.ok(await users.reserve(1))
  t.ok(await users.reserve(2))
  for (let i = 0; i < 5; i++) users.release(1)
  t.equal(users.count(1), 0, 'never below zero')
})

t.test('a socket that the store refuses is not counted', async (t) => {
  const users = new UserSockets(
    'n',
    3,
    1000,
    storeThat(() => [0]),
  )
  t.teardown(() => users.close())
  t.notOk(await users.reserve(1))
  t.equal(users.count(1), 0)
})
