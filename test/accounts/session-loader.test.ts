import t from 'tap'
import { SessionLoader } from '../../src/accounts/session-loader.js'
import { startSession } from '../../src/accounts/session-writes.js'
import type { Database } from '../../src/database/client.js'
import { CLIENT, contextOn, makeUser, SETTINGS } from '../helpers/accounts.js'
import { testDatabase } from '../helpers/database.js'

const { db } = await testDatabase(t)
const ctx = contextOn(db)
let queries = 0
/** the same client, with its queries counted */
const counted: Database = new Proxy(db, {
  get(target, name) {
    if (name === '$queryRaw') queries++
    return Reflect.get(target, name)
  },
})

async function openSession(): Promise<{ token: string; userId: number }> {
  const { userId } = (await makeUser(ctx)).principal
  const session = { userId, keep: false, client: CLIENT }
  return { token: (await db.$transaction((tx) => startSession(tx, session, SETTINGS))).token, userId }
}

t.test('handshakes of a storm share queries, and each gets its own session', async (t) => {
  const loader = new SessionLoader(counted, SETTINGS, { gatherMs: 5 })
  const sessions = await Promise.all(Array.from({ length: 5 }, openSession))
  queries = 0
  const results: Promise<unknown>[] = []
  for (let turn = 0; turn < 60; turn++) {
    const { token, userId } = sessions[turn % 5] ?? { token: '', userId: 0 }
    results.push(
      loader.load({ token, orderId: null }).then((found) => t.equal(found?.principal.userId, userId)),
      loader.load({ token: `${token}x`, orderId: null }).then((found) => t.equal(found, null)),
    )
    // they arrive over many turns of the event loop, not in one
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(results)
  t.ok(queries <= 20, `${queries} queries for 120 handshakes`)
})

t.test('more handshakes than fit into a query take several', async (t) => {
  const loader = new SessionLoader(counted, SETTINGS, { gatherMs: 5 })
  const { token, userId } = await openSession()
  queries = 0
  const found = await Promise.all(Array.from({ length: 250 }, () => loader.load({ token, orderId: null })))
  t.ok(found.every((session) => session?.principal.userId === userId))
  t.equal(queries, 3)
})
