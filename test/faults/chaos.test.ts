import t from 'tap'
import { seedOfRun } from '../helpers/random.js'
import { runChaos } from './chaos.js'
import { describeChaos } from './chaos-report.js'

// Runs for a minute, or CHAOS_SECONDS. Longer: npm run chaos -- --minutes 30. SEED replays the faults.

const seed = seedOfRun()
const forMs = Number(process.env.CHAOS_SECONDS ?? 60) * 1000
t.setTimeout(900_000 + 2 * forMs)

t.test('no client misses an event, gets one twice or gets one without access, whatever fails', async (t) => {
  const report = await runChaos(t, { seed, forMs, print: (line) => t.comment(line) })
  for (const line of describeChaos(report)) t.comment(line)
  t.strictSame(report.violations, [], `SEED=${seed}`)
  t.ok(report.totals.orders > 20, 'there were orders')
  t.ok(report.deliveries > 1000, 'events were delivered')
})
