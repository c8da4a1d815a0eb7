import t from 'tap'
import { readOrder } from '../../src/orders/order-record.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { cancelOrder } from '../../src/payments/staff-actions.js'
import { applyStored, applyWebhook } from '../../src/payments/webhook-actions.js'
import { createFixture, type Fixture, refusal } from '../helpers/fixture.js'
import { until } from '../helpers/until.js'
import { apply, refundOf, SECRET, SETTINGS, signed, startPaying, webhookOf } from './payments.js'

const stateOf = async (fixture: Fixture, orderId: number) => {
  const { status, paymentStatus } = await fixture.db.order.findUniqueOrThrow({ where: { id: orderId } })
  return [status, paymentStatus]
}

t.test(
  'a capture emits payment.paid, then order.confirmed, to both groups, with the current order',
  async (t) => {
    const fixture = await createFixture(t)
    const { order, payment } = await startPaying(fixture)
    t.match(await apply(fixture, webhookOf(payment)), { outcome: 'applied', issues: [], requests: [] })
    t.same(
      fixture.events.map(({ name, group }) => [name, group]),
      [
        ['payment.paid', 'theatre:1:orders'],
        ['payment.paid', `order:${order.id}`],
        ['order.confirmed', 'theatre:1:orders'],
        ['order.confirmed', `order:${order.id}`],
      ],
    )
    const fresh = viewOrder(await readOrder(fixture.db, order.id))
    t.same([fresh.status, fresh.paymentStatus], ['confirmed', 'paid'])
    for (const { data } of fixture.events) t.same(JSON.parse(data), fresh)
    t.equal((await fixture.db.payment.findUniqueOrThrow({ where: { id: payment.id } })).status, 'paid')
  },
)

t.test('only what is signed is accepted, and nothing else is stored', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const good = webhookOf(payment)
  const unsigned = [
    { ...good, signature: undefined },
    { ...good, signature: '' },
    { ...good, signature: 'x'.repeat(64) },
    { ...good, signature: `${good.signature}00` },
    { ...good, signature: signed('{}').signature },
    { ...good, rawBody: Buffer.concat([good.rawBody, Buffer.from(' ')]) },
    { ...good, rawBody: Buffer.alloc(0) },
    signed(good.rawBody, 'evt', 'another-secret'),
  ]
  for (const raw of unsigned) t.equal(await refusal(apply(fixture, raw)), 'invalid_signature')
  t.equal(await fixture.db.paymentWebhook.count(), 0)
  t.same(await stateOf(fixture, order.id), ['placed', 'pending'])
  t.match(await apply(fixture, { ...good, signature: good.signature?.toUpperCase() }), { outcome: 'applied' })
})

t.test('a webhook under an earlier secret is accepted', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const old = signed(webhookOf(payment).rawBody, 'evt_old', 'the-secret-before')
  t.match(await apply(fixture, old), { outcome: 'applied' })
  t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
})

t.test('whatever is signed is stored byte for byte, and what cannot be read changes nothing', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const charge = (change: object) => webhookOf(payment, { entity: change }).rawBody
  const bodies: (string | Buffer)[] = [
    '',
    'not json',
    'null',
    '[]',
    '"payment.captured"',
    Buffer.from([0x22, 0xff, 0x00, 0x22]),
    '{"event":1}',
    '{"event":"payment.captured"}',
    '{"event":"payment.captured","payload":{"payment":{"entity":[]}}}',
    '{"event":"refund.processed","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":7,"amount":1}}}}',
    '{"event":"__proto__","payload":7}',
    '{"event":"constructor"}',
    ...['order.paid', 'payment.authorized', 'qr_code.credited', 'payment.dispute.created'].map(
      (event) => webhookOf(payment, { event, entity: { captured: true } }).rawBody,
    ),
    charge({ amount: String(payment.amount) }),
    charge({ amount: payment.amount + 0.5 }),
    charge({ amount: -1 }),
    charge({ amount: 1e300 }),
    charge({ currency: null }),
    charge({ captured: false }),
  ]
  for (const body of bodies) {
    const raw = signed(body)
    t.match(await apply(fixture, raw), { outcome: /ignored|unchanged/, issues: [] }, body.toString())
    const stored = await fixture.db.paymentWebhook.findUniqueOrThrow({ where: { id: raw.eventId ?? '' } })
    t.ok(Buffer.from(stored.body).equals(raw.rawBody))
  }
  t.same(await stateOf(fixture, order.id), ['placed', 'pending'])
  t.same(fixture.events, [])
})

t.test('without a usable event id the hash of the body identifies a webhook', async (t) => {
  const fixture = await createFixture(t)
  for (const eventId of [undefined, '', 'x'.repeat(256), 'a b', 'evt_\u00e9']) {
    const { payment } = await startPaying(fixture)
    const raw = { ...webhookOf(payment), eventId }
    t.match(await apply(fixture, raw), { outcome: 'applied' })
    t.match(await apply(fixture, { ...raw, eventId: undefined }), { outcome: 'repeated' })
  }
})

t.test(
  'captures that are not ours, or of another amount, become issues; the order stays unpaid',
  async (t) => {
    const fixture = await createFixture(t)
    const cases: [object, string, number][] = [
      [{ order_id: 'order_of_another_shop' }, 'unknown_payment', 18_000],
      [{ order_id: null }, 'unknown_payment', 18_000],
      [{ order_id: 'a\0b' }, 'unknown_payment', 18_000],
      [{ order_id: "' OR 1=1 --" }, 'unknown_payment', 18_000],
      [{ order_id: null, amount: Number.MAX_SAFE_INTEGER }, 'unknown_payment', Number.MAX_SAFE_INTEGER],
      [{ amount: 18_001 }, 'amount_mismatch', 18_001],
      [{ amount: 3_000_000_000 }, 'amount_mismatch', 3_000_000_000],
      [{ amount: 18_425, fee: 425 }, 'amount_mismatch', 18_425],
      [{ currency: 'USD' }, 'amount_mismatch', 18_000],
    ]
    for (const [entity, kind, amount] of cases) {
      const { order, payment } = await startPaying(fixture)
      const { outcome, issues } = await apply(fixture, webhookOf(payment, { entity }))
      const orderId = kind === 'amount_mismatch' ? order.id : null
      t.match([outcome, issues], ['applied', [{ kind, amount, orderId }]], JSON.stringify(entity))
      t.same(await stateOf(fixture, order.id), ['placed', 'pending'])
      t.match(await fixture.db.paymentIssue.findFirst({ orderBy: { id: 'desc' } }), { kind, orderId })
    }
    t.same(fixture.events, [])
  },
)

t.test('a fee that the customer paid on top is not part of the order’s amount', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const entity = { amount: payment.amount + 425, fee: 425, fee_bearer: 'customer' }
  t.match(await apply(fixture, webhookOf(payment, { entity })), { outcome: 'applied', issues: [] })
  t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
})

t.test('a repeated event is applied once, also concurrently and under other event ids', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const { order, payment } = await startPaying(fixture)
    const raw = webhookOf(payment)
    const outcomes = await Promise.all([apply(fixture, raw), apply(fixture, raw), apply(fixture, raw)])
    t.same(outcomes.map(({ outcome }) => outcome).toSorted(), ['applied', 'repeated', 'repeated'])
    t.equal(fixture.events.length, 4)
    const again = await Promise.all([1, 2, 3, 4].map(() => apply(fixture, webhookOf(payment))))
    t.same(
      again.map(({ outcome, issues }) => [outcome, issues.length]),
      Array(4).fill(['unchanged', 0]),
    )
    t.equal(fixture.events.length, 4)
    t.equal(await fixture.db.capture.count({ where: { orderId: order.id } }), 1)
  }
})

t.test('of concurrent captures one pays, and refunds of the others leave the order paid', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 10; round++) {
    const { order, payment } = await startPaying(fixture)
    const charges = ['A', 'B', 'C'].map((name) => `pay_${name}_${order.id}`)
    const results = await Promise.all(
      charges.map((id) => apply(fixture, webhookOf(payment, { entity: { id } }))),
    )
    const surplus = results.flatMap(({ issues }) => issues)
    t.same(
      surplus.map(({ kind }) => kind),
      ['second_capture', 'second_capture'],
    )
    for (const { captureId } of surplus)
      await apply(fixture, refundOf(payment, { entity: { id: captureId } }))
    t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
    t.equal(await fixture.db.paymentIssue.count({ where: { orderId: order.id, resolvedAt: null } }), 0)
  }
})

t.test('a cancelling concurrent with a capture happens entirely before or after it', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 20; round++) {
    const { order, payment } = await startPaying(fixture)
    const [captured, cancelled] = await Promise.all([
      apply(fixture, webhookOf(payment)),
      cancelOrder(fixture.ctx, fixture.staff, order.id),
    ])
    t.same(await stateOf(fixture, order.id), ['cancelled', 'paid'])
    const names = fixture.events.filter(({ group }) => group === `order:${order.id}`).map(({ name }) => name)
    const captureFirst = names.includes('order.confirmed')
    const issues = [...captured.issues, ...cancelled.issues].map(({ kind }) => kind)
    t.same(issues, [captureFirst ? 'refund_due' : 'late_capture'])
    t.equal(names.length, captureFirst ? 3 : 2)
    t.equal((await readOrder(fixture.db, order.id)).dueBack, order.total)
  }
})

t.test('captures and refunds at once, in any order and repeated, lead to one state', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 10; round++) {
    const { order, payment } = await startPaying(fixture)
    const raws = [
      webhookOf(payment),
      webhookOf(payment, { event: 'payment.failed' }),
      refundOf(payment, { refundId: `rfnd_a${round}`, amount: 1000 }),
      refundOf(payment, { refundId: `rfnd_b${round}`, amount: payment.amount - 1000 }),
    ].flatMap((raw) => [raw, raw])
    const results = await Promise.all(raws.map((raw) => apply(fixture, raw)))
    t.equal(results.filter(({ outcome }) => outcome === 'repeated').length, 4)
    const names = fixture.events.filter(({ group }) => group === `order:${order.id}`).map(({ name }) => name)
    t.equal(names.filter((name) => name === 'payment.paid').length, 1)
    t.match(await readOrder(fixture.db, order.id), { paymentStatus: 'refunded', refundedAmount: order.total })
  }
})

t.test('a webhook that could only be stored is applied later, once', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const raw = webhookOf(payment)
  await fixture.db.$executeRaw`ALTER TABLE captures RENAME TO captures_gone`
  const { outcome, error } = await apply(fixture, raw)
  t.equal(outcome, 'error')
  t.match(error, Error)
  t.match((await applyStored(fixture.ctx, SETTINGS))[0], { outcome: 'error' })
  await fixture.db.$executeRaw`ALTER TABLE captures_gone RENAME TO captures`
  t.match(await applyStored(fixture.ctx, SETTINGS), [{ outcome: 'applied' }])
  t.same(await applyStored(fixture.ctx, SETTINGS), [])
  t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
  t.match(await apply(fixture, raw), { outcome: 'repeated' })
})

t.test('webhooks that can never be applied do not keep others waiting', async (t) => {
  const fixture = await createFixture(t)
  const { payment } = await startPaying(fixture)
  const never = { id: 'order_of_another_shop', amount: payment.amount }
  await fixture.db.$executeRaw`ALTER TABLE captures ADD CONSTRAINT held CHECK (payment_id IS NULL) NOT VALID`
  for (const id of ['pay_1', 'pay_2', 'pay_3'])
    t.match(await apply(fixture, webhookOf(never, { entity: { id } })), { outcome: 'error' })
  t.match(await apply(fixture, webhookOf(payment)), { outcome: 'error' })
  await fixture.db.$executeRaw`ALTER TABLE captures DROP CONSTRAINT held,
    ADD CONSTRAINT held CHECK (payment_id <> 'order_of_another_shop') NOT VALID`
  await until(async () => {
    await applyStored(fixture.ctx, SETTINGS, 3)
    return (await fixture.db.paymentWebhook.count({ where: { outcome: 'applied' } })) === 1
  }, 'the one that can be applied')
  t.equal(await fixture.db.paymentWebhook.count({ where: { outcome: 'error' } }), 3)
})

t.test('one that cannot even be stored is an error, so that the provider repeats it', async (t) => {
  const fixture = await createFixture(t)
  const { payment } = await startPaying(fixture)
  const raw = webhookOf(payment)
  await fixture.db.$executeRaw`ALTER TABLE payment_webhooks RENAME TO webhooks_gone`
  await t.rejects(applyWebhook(fixture.ctx, SETTINGS, raw))
  await fixture.db.$executeRaw`ALTER TABLE webhooks_gone RENAME TO payment_webhooks`
  t.match(await apply(fixture, raw), { outcome: 'applied' })
})

t.test('the signature covers the exact bytes of the body', async (t) => {
  const fixture = await createFixture(t)
  const { payment } = await startPaying(fixture)
  const spaced = signed(`  ${webhookOf(payment).rawBody.toString()}\n`)
  t.match(await apply(fixture, spaced), { outcome: 'applied' })
  t.notMatch(JSON.stringify(fixture.events), SECRET)
})
