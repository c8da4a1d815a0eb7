import t from 'tap'
import { cancelOrder } from '../../src/orders/order-actions.js'
import { readOrder } from '../../src/orders/order-record.js'
import { viewOrder } from '../../src/orders/order-view.js'
import { startPayment } from '../../src/payments/payment-actions.js'
import { createFixture, type Fixture, refusal } from '../helpers/fixture.js'
import { apply, type Paying, provider, SECRET, signed, startPaying, webhookOf } from './payments.js'

const stateOf = async (fixture: Fixture, orderId: number) => {
  const { status, paymentStatus } = await fixture.db.order.findUniqueOrThrow({ where: { id: orderId } })
  return [status, paymentStatus]
}

t.test(
  'a capture emits payment.paid, then order.confirmed, to both groups, with the current order',
  async (t) => {
    const fixture = await createFixture(t)
    const { order, payment } = await startPaying(fixture)
    t.same(await apply(fixture, webhookOf(payment)), { outcome: 'applied' })
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

t.test('checks the signature first, then the form, the payment and the amount', async (t) => {
  const fixture = await createFixture(t)
  const { order, payment } = await startPaying(fixture)
  const good = webhookOf(payment)
  const withBody = (change: object) => {
    const entity = { id: 'p', order_id: payment.id, amount: payment.amount, currency: 'INR', ...change }
    return signed(JSON.stringify({ event: 'payment.captured', payload: { payment: { entity } } }))
  }
  const cases: [string, ReturnType<typeof signed>][] = [
    ['invalid_signature', { ...good, signature: undefined }],
    ['invalid_signature', { ...good, signature: '' }],
    ['invalid_signature', { ...good, signature: 'x'.repeat(64) }],
    ['invalid_signature', { ...good, signature: `${good.signature}00` }],
    ['invalid_signature', { ...good, signature: signed('{}').signature }],
    ['invalid_signature', { ...good, rawBody: Buffer.concat([good.rawBody, Buffer.from(' ')]) }],
    ['invalid_signature', { ...good, rawBody: Buffer.alloc(0) }],
    ['malformed_webhook', signed('')],
    ['malformed_webhook', signed('not json')],
    ['malformed_webhook', signed('null')],
    ['malformed_webhook', signed('[]')],
    ['malformed_webhook', signed('"payment.captured"')],
    ['malformed_webhook', signed(Buffer.from([0x22, 0xff, 0x22]))],
    ['malformed_webhook', signed('{"event":1}')],
    ['malformed_webhook', signed('{"event":"payment.captured"}')],
    ['malformed_webhook', signed('{"event":"payment.captured","payload":{"payment":{"entity":[]}}}')],
    ['malformed_webhook', withBody({ order_id: { not: '' } })],
    ['malformed_webhook', withBody({ amount: String(payment.amount) })],
    ['malformed_webhook', withBody({ amount: payment.amount + 0.5 })],
    ['malformed_webhook', withBody({ currency: null })],
    ['malformed_webhook', { ...good, eventId: undefined }],
    ['malformed_webhook', { ...good, eventId: '' }],
    ['malformed_webhook', { ...good, eventId: 'x'.repeat(256) }],
    ['not_found', withBody({ order_id: 'sim_unknown' })],
    ['not_found', withBody({ order_id: 'a\0b' })],
    ['not_found', withBody({ order_id: '\ud800' })],
    ['not_found', withBody({ order_id: "' OR 1=1 --" })],
  ]
  for (const [code, raw] of cases) {
    t.equal(await refusal(apply(fixture, raw)), code, raw.rawBody.toString().slice(0, 120))
  }
  for (const content of [
    { amount: payment.amount + 1 },
    { amount: 0 },
    { amount: -payment.amount },
    { currency: 'USD' },
  ]) {
    const raw = webhookOf(payment, content)
    const { outcome, alarm, error } = await apply(fixture, raw)
    t.same(
      [outcome, alarm?.kind, error?.status, error?.code],
      ['refused', 'amount_mismatch', 422, 'amount_mismatch'],
    )
    t.match(alarm, { orderId: order.id, paymentId: payment.id, eventId: raw.eventId })
  }
  t.same(await stateOf(fixture, order.id), ['placed', 'pending'])
  t.same(fixture.events, [])
  t.equal(await fixture.db.paymentEvent.count(), 0, 'a refused event id can be sent again, corrected')
  t.same(await apply(fixture, { ...good, signature: good.signature?.toUpperCase() }), { outcome: 'applied' })
})

t.test('events of other kinds are ignored, whatever their content', async (t) => {
  const fixture = await createFixture(t)
  for (const event of ['order.paid', 'payment.authorized', '__proto__', 'constructor', '']) {
    t.same(await apply(fixture, signed(JSON.stringify({ event, payload: 7 }))), { outcome: 'ignored' })
  }
})

t.test('a repeated event is applied once, also concurrently', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 15; round++) {
    const { payment } = await startPaying(fixture)
    const raw = webhookOf(payment)
    const outcomes = (await Promise.all([apply(fixture, raw), apply(fixture, raw), apply(fixture, raw)])).map(
      ({ outcome, alarm }) => [outcome, alarm],
    )
    t.same(outcomes.toSorted(), [
      ['applied', undefined],
      ['repeated', undefined],
      ['repeated', undefined],
    ])
    t.equal(fixture.events.length, 4)
    t.same(await apply(fixture, raw), { outcome: 'repeated' })
  }
})

t.test('sequences of late, repeated and out-of-order events', async (t) => {
  const fixture = await createFixture(t)
  // [events, the order's final state, number of refunds due]
  const sequences: [string[], [string, string], number][] = [
    [['payment.failed'], ['placed', 'failed'], 0],
    [['payment.failed', 'payment.captured'], ['confirmed', 'paid'], 0],
    [['payment.captured', 'payment.failed'], ['confirmed', 'paid'], 0],
    [['payment.failed', 'payment.failed', 'payment.captured', 'payment.failed'], ['confirmed', 'paid'], 0],
    [['payment.captured', 'payment.captured'], ['confirmed', 'paid'], 1],
    [['payment.captured', 'refund.processed'], ['confirmed', 'refunded'], 0],
    [
      ['payment.captured', 'refund.processed', 'payment.captured', 'payment.failed'],
      ['confirmed', 'refunded'],
      1,
    ],
    [['refund.processed', 'payment.captured'], ['placed', 'refunded'], 0],
    [['refund.processed', 'refund.processed', 'payment.failed'], ['placed', 'refunded'], 0],
    [['cancel', 'payment.captured'], ['cancelled', 'paid'], 1],
    [['cancel', 'payment.failed', 'payment.captured'], ['cancelled', 'paid'], 1],
    [['cancel', 'payment.captured', 'payment.captured'], ['cancelled', 'paid'], 2],
    [['cancel', 'payment.captured', 'refund.processed'], ['cancelled', 'refunded'], 1],
    [['payment.captured', 'cancel', 'refund.processed'], ['cancelled', 'refunded'], 0],
  ]
  for (const [sequence, end, due] of sequences) {
    const { order, payment } = await startPaying(fixture)
    let alarms = 0
    for (const event of sequence) {
      if (event === 'cancel') await cancelOrder(fixture.ctx, fixture.staff, order.id)
      else if ((await apply(fixture, webhookOf(payment, { event }))).alarm?.kind === 'refund_due') alarms++
    }
    t.same([await stateOf(fixture, order.id), alarms], [end, due], sequence.join(', '))
    const last = fixture.events.filter(({ group }) => group === 'theatre:1:orders').at(-1)
    t.same(
      JSON.parse(last?.data ?? ''),
      viewOrder(await readOrder(fixture.db, order.id)),
      'the last event shows the final state',
    )
  }
})

t.test(
  'a failed payment can be retried; a late capture of the first one pays, that of the second must be refunded',
  async (t) => {
    const fixture = await createFixture(t)
    const { guest, order, payment } = await startPaying(fixture)
    await apply(fixture, webhookOf(payment, { event: 'payment.failed' }))
    const second = await startPayment(fixture.ctx, provider, guest.principal, order.id)
    t.not(second.id, payment.id)
    t.same(await stateOf(fixture, order.id), ['placed', 'pending'])
    t.equal(fixture.events.at(-1)?.name, 'payment.pending')
    await apply(fixture, webhookOf(payment, { event: 'payment.failed' }))
    t.same(
      await stateOf(fixture, order.id),
      ['placed', 'pending'],
      'a late event of the first payment does not affect the second',
    )
    t.same(await apply(fixture, webhookOf(payment)), { outcome: 'applied' })
    t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
    const { outcome, alarm } = await apply(fixture, webhookOf(second))
    t.same([outcome, alarm?.kind], ['unchanged', 'refund_due'])
    await apply(fixture, webhookOf(second, { event: 'refund.processed' }))
    t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'], 'only the second payment was refunded')
    await apply(fixture, webhookOf(payment, { event: 'refund.processed' }))
    t.same(await stateOf(fixture, order.id), ['confirmed', 'refunded'])
  },
)

t.test('of two captures of one payment, the refund of the second leaves it paid', async (t) => {
  const fixture = await createFixture(t)
  const send = async (payment: Paying['payment'], event: string, entityId: unknown) => {
    const { outcome, alarm } = await apply(fixture, webhookOf(payment, { event, entityId }))
    return alarm ? `${outcome}, ${alarm.kind}` : outcome
  }
  const captureBoth = async () => {
    const paying = await startPaying(fixture)
    t.equal(await send(paying.payment, 'payment.captured', 'pay_A'), 'applied')
    t.equal(await send(paying.payment, 'payment.captured', 'pay_B'), 'unchanged, refund_due')
    fixture.events.length = 0
    return paying
  }
  const { order, payment } = await captureBoth()
  t.equal(await send(payment, 'refund.processed', 'pay_B'), 'unchanged')
  t.equal(await send(payment, 'refund.processed', 'pay_B'), 'unchanged', 'repeated')
  t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
  t.same(fixture.events, [])
  t.equal(await send(payment, 'refund.processed', 'pay_A'), 'applied')
  t.same(await stateOf(fixture, order.id), ['confirmed', 'refunded'])

  // the first capture's id, and everything that is attributed to it
  for (const id of ['pay_A', 'pay_C', null, undefined, 7, '', 'a\0b', '\ud800', { toString: 'pay_B' }]) {
    const paying = await captureBoth()
    t.equal(await send(paying.payment, 'refund.processed', id), 'applied', JSON.stringify(id))
    t.same(await stateOf(fixture, paying.order.id), ['confirmed', 'refunded'])
  }

  const repeated = await startPaying(fixture)
  t.equal(await send(repeated.payment, 'payment.captured', 'pay_A'), 'applied')
  t.equal(await send(repeated.payment, 'payment.captured', 'pay_A'), 'unchanged, refund_due')
  t.equal(
    await send(repeated.payment, 'refund.processed', 'pay_A'),
    'applied',
    'attributed to the first capture',
  )
})

t.test(
  'of concurrent captures one is the first, and refunds of the others leave the order paid',
  async (t) => {
    const fixture = await createFixture(t)
    for (let round = 0; round < 10; round++) {
      const { order, payment } = await startPaying(fixture)
      const ids = ['pay_A', 'pay_B', 'pay_C']
      const results = await Promise.all(
        ids.map((entityId) => apply(fixture, webhookOf(payment, { entityId }))),
      )
      const surplus = ids.filter((_, i) => results[i]?.outcome === 'unchanged')
      t.equal(surplus.length, 2)
      for (const entityId of surplus) {
        await apply(fixture, webhookOf(payment, { event: 'refund.processed', entityId }))
      }
      t.same(await stateOf(fixture, order.id), ['confirmed', 'paid'])
    }
  },
)

t.test('a cancelling concurrent with a capture happens entirely before or after it', async (t) => {
  const fixture = await createFixture(t)
  for (let round = 0; round < 20; round++) {
    const { order, payment } = await startPaying(fixture)
    const [{ alarm }] = await Promise.all([
      apply(fixture, webhookOf(payment)),
      cancelOrder(fixture.ctx, fixture.staff, order.id),
    ])
    t.same(await stateOf(fixture, order.id), ['cancelled', 'paid'])
    const names = fixture.events.filter(({ group }) => group === `order:${order.id}`).map(({ name }) => name)
    const captureFirst = names.includes('order.confirmed')
    t.equal(alarm?.kind, captureFirst ? undefined : 'refund_due')
    t.equal(names.length, captureFirst ? 3 : 2)
  }
})

t.test(
  'concurrent, repeated events of all kinds leave one payment consistent and paid at most once',
  async (t) => {
    const fixture = await createFixture(t)
    for (let round = 0; round < 10; round++) {
      const { order, payment } = await startPaying(fixture)
      const kinds = ['payment.captured', 'payment.failed', 'refund.processed'] as const
      const raws = kinds.flatMap((event) => {
        const raw = webhookOf(payment, { event })
        return [raw, raw]
      })
      const results = await Promise.all(raws.map((raw) => apply(fixture, raw)))
      t.equal(results.filter(({ outcome }) => outcome === 'repeated').length, 3)
      const names = fixture.events
        .filter(({ group }) => group === `order:${order.id}`)
        .map(({ name }) => name)
      t.ok(names.filter((name) => name === 'payment.paid').length <= 1)
      t.equal((await stateOf(fixture, order.id))[1], 'refunded')
    }
  },
)

t.test('the signature covers the exact bytes of the body', async (t) => {
  const fixture = await createFixture(t)
  const { payment } = await startPaying(fixture)
  const spaced = signed(`  ${webhookOf(payment).rawBody.toString()}\n`)
  t.same(await apply(fixture, spaced), { outcome: 'applied' })
  t.notMatch(JSON.stringify(fixture.events), SECRET)
})
