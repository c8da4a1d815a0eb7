import { createDatabase } from '../../src/database/client.js'
import { commit } from '../../src/events/commit.js'
import { theatreOrders } from '../../src/protocol/groups.js'
import { eventFor } from '../helpers/live-events.js'

// Commits an event and kills itself before it publishes. Started by kill.test.ts.
const [url = ''] = process.argv.slice(2)
const db = createDatabase({ url, poolSize: 1, poolTimeoutMs: 5000, statementTimeoutMs: 5000 })
await commit({ db, live: { publish: () => process.kill(process.pid, 'SIGKILL') } }, async () => ({
  result: undefined,
  events: [eventFor(theatreOrders(1))],
}))
