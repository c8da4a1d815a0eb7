import t from 'tap'
import { CANCELLED, CASH, LATE, LOST, REFUNDS, UNDONE, WEBHOOKS } from './money-cases.js'
import { findGaps, findWrongOrders, readLedger } from './money-invariant.js'
import { MoneyScene } from './money-scene.js'

const TABLES = {
  webhooks: WEBHOOKS,
  refunds: REFUNDS,
  'late and second captures': LATE,
  'cancelled orders': CANCELLED,
  'cancellations undone': UNDONE,
  cash: CASH,
  'lost webhooks': LOST,
}

for (const [title, cases] of Object.entries(TABLES)) {
  t.test(title, async (t) => {
    const scene = await MoneyScene.open(t)
    for (const [name, steps, state, refunded, dueBack, issues, events, customer, staff] of cases) {
      const outcome = await scene.play(steps)
      t.same(outcome, { state, refunded, dueBack, issues, events, customer, staff }, `${name}: ${steps}`)
      t.same(await findGaps(scene.service.db), [], `${name}: what was captured is accounted for`)
      t.same(await findWrongOrders(scene.service.db), [], `${name}: the orders say what was recorded`)
    }
    t.strictSame(
      await readLedger(scene.service.db),
      scene.razorpay.books.ledger(),
      'the provider’s books are the same',
    )
  })
}
