import t from 'tap'
import { CHANGES, type Scene } from '../../bench/changes.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { testRedis } from '../helpers/redis.js'
import { startNode, TEST_SECRETS } from '../helpers/service.js'
import { openSession } from '../helpers/sign-in.js'
import { countStatements, type Statements } from '../helpers/statement-counter.js'

/**
 * Round trips to the database of one change, from the HTTP request to the published event; the session's query, BEGIN and
 * COMMIT are among them. Each costs more CPU than thirty deliveries: lower a number when you save one, and raise none
 * without a reason.
 */
const ROUND_TRIPS: Record<string, number> = {
  seen: 5,
  deliver: 5,
  'chat message': 5,
  'webhook capture': 8,
  'placing an order': 7,
}
/** the node's own questions, every second or so, only ever add to a count: the lowest one is the change's own */
const REPETITIONS = 5

t.test('the statements of a change', async (t) => {
  const database = await testDatabase(t, { demo: true })
  const counter = await countStatements(t, database.url)
  // with Redis: without it the node also sends a notice, after the commit
  const env = { REDIS_URL: await testRedis() }
  const service = await startNode(t, { env, database: { ...database, url: counter.url } })
  const client = createClient(service.url)
  const guest = createClient(service.url)
  await guest.post('/api/auth/guest')
  const scene: Scene = {
    db: database.db,
    staff: (await openSession(service, 'staff')).cookie,
    guests: [guest.cookie],
    webhookSecret: TEST_SECRETS.PAYMENT_WEBHOOK_SECRET,
  }
  for (const change of CHANGES) {
    let least: Statements | undefined
    for (const { path, headers, body } of await change.prepare(scene, REPETITIONS)) {
      const asked = await counter.during(async () => {
        const { status } = await client.request('POST', path, undefined, { headers, raw: body })
        t.match(status, /^20[01]$/, change.name)
      })
      // who is to be notified of the change before, which is asked some time after it
      const notices = asked.texts.filter((text) => text.includes('WITH notices')).length
      asked.texts = asked.texts.filter((text) => !text.includes('WITH notices'))
      asked.roundTrips -= notices
      if (!least || asked.roundTrips < least.roundTrips) least = asked
    }
    t.equal(least?.roundTrips, ROUND_TRIPS[change.name], change.name, { statements: least?.texts })
    t.equal(least?.texts.length, least?.roundTrips, `${change.name}: a statement is a round trip`)
  }
})
