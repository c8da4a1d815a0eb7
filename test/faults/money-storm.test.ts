import t from 'tap'
import type { Database } from '../../src/database/client.js'
import { readOrder } from '../../src/orders/order-record.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { reconcile } from '../../src/payments/reconciliation.js'
import type { OrderView } from '../../src/protocol/views.js'
import { Random, seedOfRun } from '../helpers/random.js'
import { type Razorpay, startRazorpay } from '../helpers/razorpay.js'
import { startNode, TEST_SECRETS, type TestService } from '../helpers/service.js'
import { until } from '../helpers/until.js'
import { findGaps, findWrongOrders, readLedger } from '../payments/money-invariant.js'
import { MoneyStorm } from './money-storm.js'

const SEED = seedOfRun()
const ROUNDS = Number(process.env.MONEY_ROUNDS ?? 3)
const CUSTOMERS = Number(process.env.MONEY_CUSTOMERS ?? 10)
/** of each customer, and of others about their order */
const ACTIONS = Number(process.env.MONEY_ACTIONS ?? 16)

for (let round = 0; round < ROUNDS; round++) {
  const seed = SEED + round
  t.test(`every rupee is accounted for, whatever happens at once (SEED=${seed})`, async (t) => {
    const random = new Random(seed)
    const razorpay = await startRazorpay(t, { secret: TEST_SECRETS.PAYMENT_WEBHOOK_SECRET })
    const env = { ...razorpay.env, AUTO_REFUND: random.chance(0.7) ? 'on' : 'off' }
    const first = await startNode(t, { env })
    const { database, db } = first
    const steady = await startNode(t, { env, database })
    const storm = new MoneyStorm(t, { random, razorpay, nodes: [first, steady], steady, env })
    const gaps: unknown[] = []
    let isOver = false
    const watching = (async () => {
      while (!isOver) {
        gaps.push(...(await findGaps(db)), ...(await findWrongOrders(db)))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    try {
      await storm.run(CUSTOMERS, ACTIONS)
      await calm(steady, razorpay, storm)
    } finally {
      isOver = true
      await watching
    }
    t.same(gaps, [], 'at no time')
    t.same([...(await findGaps(db)), ...(await findWrongOrders(db))], [])
    t.same(storm.surprises, [])
    t.strictSame(await readLedger(db), razorpay.books.ledger(), 'the provider’s books are the same')
    for (const id of storm.orders) {
      const [last] = await db.$queryRaw<{ data: OrderView }[]>`
        SELECT data FROM live_events WHERE group_name = ${`order:${id}`} ORDER BY seq DESC LIMIT 1`
      // the storm makes orders older, without an event
      const { createdAt } = viewOrder(await readOrder(db, id))
      const data = last && { ...last.data, createdAt }
      t.strictSame(data, viewOrder(await readOrder(db, id)), 'the last event shows the final state')
    }
    t.comment(JSON.stringify(await countAll(db)))
  })
}

/** What the storm has brought, for whoever reads its output. */
function countAll(db: Database): Promise<unknown> {
  return db.$queryRaw`
    SELECT 'capture' AS what, kind::text AS kind, count(*)::int FROM captures GROUP BY kind
    UNION ALL SELECT 'refund', status::text, count(*)::int FROM refunds GROUP BY status
    UNION ALL SELECT 'issue', kind::text, count(*)::int FROM payment_issues GROUP BY kind
    UNION ALL SELECT 'order', status || ' ' || payment_status, count(*)::int FROM orders GROUP BY 2 ORDER BY 1, 2`
}

/** The troubles end; what was lost is asked for, until nothing differs any more. */
async function calm(
  { db, app: { actionContext, refunds } }: TestService,
  { books, faults, outbox }: Razorpay,
  storm: MoneyStorm,
): Promise<void> {
  Object.assign(faults, { delayMs: 0, next: [] })
  books.slowRefunds = false
  storm.finishSome(1)
  await until(async () => {
    // their webhooks are lost
    outbox.take()
    await db.$executeRaw`UPDATE refunds SET next_try_at = now() WHERE status = 'requested'`
    const since = new Date(Date.now() - 86_400_000)
    const differences = await reconcile(actionContext, refunds, { since, all: true })
    const waiting = await db.refund.count({ where: { status: { in: ['requested', 'pending'] } } })
    return differences.length === 0 && waiting === 0
  }, 'the end of all differences')
}
