import t from 'tap'
import { sendMessage } from '../src/chat/chat-actions.js'
import type { Database } from '../src/database/client.js'
import { deleteOlderThan } from '../src/events/event-log.js'
import { deliverOrder } from '../src/orders/order-actions.js'
import { cancelOrder } from '../src/payments/staff-actions.js'
import { applyStored } from '../src/payments/webhook-actions.js'
import { type Purged, purgePersonalData } from '../src/personal-data.js'
import { createFixture, type Fixture } from './helpers/fixture.js'
import { apply, SETTINGS, startPaying, webhookOf } from './payments/payments.js'

const PHONE = '+919876543210'
const EMAIL = 'payer@example.com'
const TEXT = 'No peanuts, please'
const NOTE = 'Allergic to nuts'
const NOTHING: Purged = { orders: 0, messages: 0, keys: 0, webhooks: 0 }

/** An order with a phone, an idempotency key and a message, delivered so many days ago. */
async function endedOrder(
  fixture: Fixture,
  daysAgo: number,
  status: 'delivered' | 'cancelled' = 'delivered',
) {
  const guest = await fixture.guest()
  const given = { guest, phone: PHONE, note: NOTE, idempotencyKey: `key-of-${guest.principal.userId}` }
  const { id } = await fixture.order({ ...given, paymentMethod: 'cash' })
  await sendMessage(fixture.ctx, guest.principal, { chat: id, text: TEXT, clientId: `message-${id}` })
  await (status === 'delivered' ? deliverOrder : cancelOrder)(fixture.ctx, fixture.staff, id)
  await age(fixture.db, id, daysAgo)
  return id
}

async function age(db: Database, orderId: number, days: number): Promise<void> {
  await db.$executeRaw`
    UPDATE orders SET delivered_at = delivered_at - make_interval(days => ${days}::int),
      cancelled_at = cancelled_at - make_interval(days => ${days}::int) WHERE id = ${orderId}::int`
}

/** The tables with a row that contains a text, as it is or in bytes. */
async function tablesWith(db: Database, text: string): Promise<string[]> {
  const tables = await db.$queryRaw<{ name: string }[]>`
    SELECT table_name::text AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await db.$queryRawUnsafe<unknown[]>(
      `SELECT 1 FROM "${name}" AS r WHERE strpos(r::text, $1) > 0 OR strpos(r::text, $2) > 0 LIMIT 1`,
      text,
      Buffer.from(text).toString('hex'),
    )
    if (rows.length > 0) found.push(name)
  }
  return found
}

t.test('no table keeps the phone, the words or the address of a customer', async (t) => {
  const fixture = await createFixture(t)
  const { db } = fixture
  await endedOrder(fixture, 31)
  await endedOrder(fixture, 31, 'cancelled')
  const { payment, order } = await startPaying(fixture)
  const raw = webhookOf(payment, { eventId: 'evt_1', entity: { contact: PHONE, email: EMAIL } })
  await apply(fixture, raw)
  await db.$executeRaw`UPDATE payment_webhooks SET received_at = received_at - interval '31 days'`
  await db.$executeRaw`UPDATE live_events SET at = at - interval '25 hours'`
  t.same(await tablesWith(db, PHONE), ['orders', 'payment_webhooks'])
  t.same(await tablesWith(db, EMAIL), ['payment_webhooks'])
  t.same(await tablesWith(db, TEXT), ['chat_messages', 'live_events'])
  t.same(await tablesWith(db, NOTE), ['live_events', 'orders'])

  await deleteOlderThan(db, 24)
  t.same(await purgePersonalData(db, 30), { orders: 2, messages: 2, keys: 2, webhooks: 1 })
  for (const text of [PHONE, EMAIL, TEXT, NOTE]) t.same(await tablesWith(db, text), [], text)
  t.same(await purgePersonalData(db, 30), NOTHING)

  // the books are as before
  t.match(await db.capture.findMany(), [{ orderId: order.id, amount: BigInt(order.total), kind: 'paying' }])
  t.match(await db.paymentWebhook.findMany(), [{ id: 'evt_1', name: 'payment.captured', outcome: 'applied' }])
  t.match(await apply(fixture, raw), { outcome: 'repeated' })
})

t.test('keeps the data of orders that are live or ended lately', async (t) => {
  const fixture = await createFixture(t)
  await endedOrder(fixture, 29)
  const guest = await fixture.guest()
  const { id } = await fixture.order({ guest, phone: PHONE, paymentMethod: 'cash', idempotencyKey: 'live' })
  await sendMessage(fixture.ctx, guest.principal, { chat: id, text: TEXT, clientId: 'live' })
  await fixture.db.order.update({
    where: { id },
    data: { createdAt: new Date(Date.now() - 90 * 86_400_000) },
  })
  t.same(await purgePersonalData(fixture.db, 30), NOTHING)
  t.same(await purgePersonalData(fixture.db, 28), { ...NOTHING, orders: 1, messages: 1, keys: 1 })
  t.equal((await fixture.db.order.findUniqueOrThrow({ where: { id } })).phone, PHONE)
})

t.test('a message that is sent after the purge goes with the next one', async (t) => {
  const fixture = await createFixture(t)
  const id = await endedOrder(fixture, 31)
  t.match(await purgePersonalData(fixture.db, 30), { orders: 1, messages: 1 })
  await sendMessage(fixture.ctx, fixture.staff, { chat: id, text: TEXT, clientId: 'late' })
  t.same(await purgePersonalData(fixture.db, 30), { ...NOTHING, messages: 1 })
})

t.test('keeps the data while money is to be given back', async (t) => {
  const fixture = await createFixture(t)
  const { db } = fixture
  const { order, payment } = await startPaying(fixture)
  await db.order.update({ where: { id: order.id }, data: { phone: PHONE } })
  await apply(fixture, webhookOf(payment))
  await cancelOrder(fixture.ctx, fixture.staff, order.id)
  await age(db, order.id, 31)
  t.equal(await db.paymentIssue.count({ where: { kind: 'refund_due', resolvedAt: null } }), 1)
  t.same(await purgePersonalData(db, 30), NOTHING)

  const [capture] = await db.capture.findMany()
  await db.$executeRaw`
    INSERT INTO refunds (capture_id, order_id, amount, status)
    VALUES (${capture?.id}, ${order.id}::int, ${order.total}::bigint, 'requested')`
  await db.$executeRaw`UPDATE payment_issues SET resolved_at = now()`
  t.same(await purgePersonalData(db, 30), NOTHING)
  await db.$executeRaw`UPDATE refunds SET status = 'processed'`
  t.same(await purgePersonalData(db, 30), { ...NOTHING, orders: 1 })
})

t.test('a webhook that is yet to be applied keeps its body', async (t) => {
  const fixture = await createFixture(t)
  const { db } = fixture
  const { payment } = await startPaying(fixture)
  await db.$executeRaw`ALTER TABLE captures RENAME TO captures_gone`
  t.match(await apply(fixture, webhookOf(payment, { entity: { email: EMAIL } })), { outcome: 'error' })
  await db.$executeRaw`ALTER TABLE captures_gone RENAME TO captures`
  await db.$executeRaw`UPDATE payment_webhooks SET received_at = received_at - interval '2 days'`
  t.same(await purgePersonalData(db, 1), NOTHING)
  t.match(await applyStored(fixture.ctx, SETTINGS), [{ outcome: 'applied' }])
  t.same(await purgePersonalData(db, 1), { ...NOTHING, webhooks: 1 })
})

t.test('nodes purge each row once, in batches, and skip what is locked', async (t) => {
  const fixture = await createFixture(t)
  const { db } = fixture
  const ids: number[] = []
  for (let i = 0; i < 11; i++) ids.push(await endedOrder(fixture, 31))
  await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${ids[0]}::int FOR NO KEY UPDATE`
    const runs = await Promise.all([1, 2].map(() => purgePersonalData(db, 30, 2)))
    const sum = (what: keyof Purged) => runs.reduce((total, run) => total + run[what], 0)
    t.same([sum('orders'), sum('messages'), sum('keys')], [10, 11, 11])
  })
  t.same(await purgePersonalData(db, 30, 2), { ...NOTHING, orders: 1 })
})
