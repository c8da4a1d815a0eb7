import t from 'tap'
import { seedOfRun } from '../helpers/random.js'
import { runChaos } from './chaos.js'
import { describeChaos } from './chaos-report.js'

// A minute of it; longer: npm run chaos -- --minutes 30. SEED replays the faults, CHAOS_SECONDS says how long.

t.setTimeout(300_000)
const seed = seedOfRun()
const forMs = Number(process.env.CHAOS_SECONDS ?? 60) * 1000

t.test(
  'whatever is killed, paused, cut or emptied: nothing missed, nothing twice, nothing not theirs',
  async (t) => {
    const report = await runChaos(t, { seed, forMs, print: (line) => t.comment(line) })
    for (const line of describeChaos(report)) t.comment(line)
    t.strictSame(report.violations, [], `SEED=${seed}`)
    t.ok(report.judgement.orders > 20, 'orders flowed')
    t.ok(report.deliveries > 1000, 'events were heard')
  },
)
