import t, { type Test } from 'tap'
import { payInCash, startPayment } from '../../src/payments/payment-actions.js'
import { createRazorpayProvider } from '../../src/payments/razorpay-provider.js'
import { reconcile } from '../../src/payments/reconciliation.js'
import { cancelOrder } from '../../src/payments/staff-actions.js'
import { createFixture } from '../helpers/fixture.js'
import { RAZORPAY_KEYS, startRazorpay } from '../helpers/razorpay.js'
import { findGaps, findWrongOrders, readLedger } from './money-invariant.js'

const HOUR = 3_600_000

async function open(t: Test) {
  const fixture = await createFixture(t)
  const razorpay = await startRazorpay(t, { secret: 'hush' })
  const provider = createRazorpayProvider({ keys: RAZORPAY_KEYS, apiUrl: razorpay.url, deadlineMs: 2000 })
  const tools = { provider, settings: { autoRefund: true }, onIssue: () => {} }
  const start = async () => {
    const guest = await fixture.guest()
    const order = await fixture.order({ guest })
    const { id } = await startPayment(fixture.ctx, provider, guest.principal, order.id)
    return { guest, orderId: order.id, id }
  }
  const due = () => fixture.db.$executeRaw`UPDATE payments SET check_at = now() - interval '1 second'`
  const run = (since: Date | null = null, all = false) => reconcile(fixture.ctx, tools, { since, all })
  const stateOf = async (id: number) => {
    const { status, paymentStatus } = await fixture.db.order.findUniqueOrThrow({ where: { id } })
    return `${status} ${paymentStatus}`
  }
  return { ...fixture, razorpay, provider, tools, start, due, run, stateOf }
}

t.test('a payment is asked about after 15 minutes, then ever more seldom, for five days', async (t) => {
  const { db, razorpay, start, due, run } = await open(t)
  const { id } = await start()
  const minutes = async () => {
    const [row] = await db.$queryRaw<{ minutes: number | null }[]>`
      SELECT round(extract(epoch FROM check_at - now()) / 60)::int AS minutes FROM payments WHERE id = ${id}`
    return row?.minutes
  }
  t.equal(await minutes(), 15)
  razorpay.requests.length = 0
  t.same(await run(), [])
  t.same(razorpay.requests, [], 'not yet')
  const waits = []
  for (let i = 0; i < 9; i++) {
    await due()
    t.same(await run(), [])
    waits.push(await minutes())
  }
  t.same(waits, [15, 30, 60, 120, 240, 480, 960, 1440, 1440])
  t.equal(razorpay.requests.length, 9)
  await db.$executeRaw`UPDATE payments SET created_at = now() - interval '5 days 1 minute'`
  await due()
  await run()
  t.equal(await minutes(), null)
})

t.test('only payments that may have something to tell are asked about', async (t) => {
  const { db, ctx, staff, razorpay, start, due, run } = await open(t)
  const { books } = razorpay
  const [paid, cancelled, pending, foreign] = [await start(), await start(), await start(), await start()]
  books.pay(paid.id)
  books.pay(cancelled.id)
  await due()
  t.equal((await run()).length, 2)
  await cancelOrder(ctx, staff, cancelled.orderId)
  await db.payment.update({ where: { id: foreign.id }, data: { provider: 'simulated' } })
  razorpay.requests.length = 0
  await due()
  await run()
  t.same(
    razorpay.requests.toSorted(),
    [`GET /v1/orders/${cancelled.id}/payments`, `GET /v1/orders/${pending.id}/payments`].toSorted(),
  )
})

t.test(
  'a payment that the provider does not know stops no other; a provider that is down stops all',
  async (t) => {
    const { db, razorpay, start, due, run, stateOf } = await open(t)
    const [lost, paid] = [await start(), await start()]
    razorpay.books.orders.delete(lost.id)
    razorpay.books.pay(paid.id)
    await due()
    razorpay.faults.down = true
    await t.rejects(run())
    t.equal(await db.payment.count({ where: { checks: 0 } }), 2, 'both are due again')
    razorpay.faults.down = false
    t.match(await run(), [{ what: 'capture', amount: 18_000 }])
    t.equal(await stateOf(paid.orderId), 'confirmed paid')
    t.equal(await db.payment.count({ where: { checks: 1 } }), 2)
  },
)

t.test('what the provider can’t answer about some payments stops no other', async (t) => {
  const { db, razorpay, start, due, run, stateOf } = await open(t)
  const { books, faults } = razorpay
  // the first ones to be asked about: more than make it count as down
  const broken = [await start(), await start(), await start(), await start()]
  const [paid, refunded] = [await start(), await start()]
  books.pay(paid.id)
  const charge = books.pay(refunded.id)
  await due()
  await run()
  books.refund(charge.id, 700)
  for (const { id } of broken) faults.broken.add(id)
  const late = await start()
  books.pay(late.id)
  await due()
  await db.payment.updateMany({
    where: { id: { in: [...faults.broken] } },
    data: { checkAt: new Date(Date.now() - HOUR) },
  })
  await t.rejects(run(), { message: /status 500/ }, 'none was answered')
  await t.rejects(run(), { message: /status 500/ }, 'the others come first now')
  t.equal(await stateOf(late.orderId), 'confirmed paid')
  t.equal(
    await db.payment.count({ where: { checkAt: { lte: new Date() } } }),
    0,
    'the job goes on as planned',
  )

  const lost = await start()
  books.pay(lost.id)
  faults.broken.add(charge.id)
  await t.rejects(run(new Date(Date.now() - HOUR)))
  t.equal(await stateOf(lost.orderId), 'confirmed paid', 'found among the charges')
  faults.broken.clear()
  t.match(await run(new Date(Date.now() - HOUR)), [{ what: 'refund', amount: 700 }])
  t.strictSame(await readLedger(db), books.ledger())
})

t.test('more charges than fit on a page, and refunds made without us', async (t) => {
  const { db, razorpay, start, run } = await open(t)
  const { books } = razorpay
  for (let i = 0; i < 230; i++) books.pay(null, { amount: 1000 + i })
  const { id, orderId } = await start()
  const charge = books.pay(id)
  const since = new Date(Date.now() - HOUR)
  t.equal((await run(since)).length, 231)
  t.same(await run(since), [])
  books.refund(charge.id, 700)
  t.match(await run(since), [{ what: 'refund', amount: 700 }])
  t.equal((await db.order.findUniqueOrThrow({ where: { id: orderId } })).refundedAmount, 700)
  t.equal(await db.paymentIssue.count({ where: { kind: 'unknown_payment' } }), 230)
  t.strictSame(await readLedger(db), books.ledger())
})

t.test('after hours without webhooks the books become the provider’s', async (t) => {
  const { db, ctx, staff, razorpay, start, run, stateOf, provider } = await open(t)
  const { books } = razorpay
  books.now = () => Math.floor((Date.now() - 6 * HOUR) / 1000)
  const paid = await start()
  books.pay(paid.id)
  const failed = await start()
  books.fail(failed.id)
  const partly = await start()
  books.refund(books.pay(partly.id).id, 1000)
  const late = await start()
  await cancelOrder(ctx, staff, late.orderId)
  books.pay(late.id)
  const twice = await start()
  books.fail(twice.id)
  books.pay(twice.id)
  books.pay(twice.id)
  const cash = await start()
  await payInCash(ctx, cash.guest.principal, cash.orderId)
  books.pay(cash.id)
  const never = await start()
  books.expire(books.authorize(never.id).id)
  books.pay(null, { amount: 5000 })
  await db.$executeRaw`UPDATE orders SET created_at = created_at - interval '6 hours'`
  await db.$executeRaw`UPDATE payments SET created_at = created_at - interval '6 hours'`

  const since = new Date(Date.now() - 24 * HOUR)
  t.ok((await run(since, true)).length >= 8)
  t.same(await run(since, true), [], 'nothing differs any more')
  t.strictSame(await readLedger(db), books.ledger())
  t.same([...(await findGaps(db)), ...(await findWrongOrders(db))], [])
  t.same(
    await Promise.all(
      [paid, failed, partly, late, twice, cash, never].map(({ orderId }) => stateOf(orderId)),
    ),
    [
      'confirmed paid',
      'placed failed',
      'confirmed partially_refunded',
      'cancelled refunded',
      'confirmed paid',
      'confirmed paid',
      'placed pending',
    ],
  )
  t.equal((await startPayment(ctx, provider, never.guest.principal, never.orderId)).id, never.id)
  t.same(
    (await db.paymentIssue.findMany({ where: { resolvedAt: null } })).map(({ kind }) => kind),
    ['unknown_payment'],
  )
})
