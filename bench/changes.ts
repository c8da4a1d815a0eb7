import { createHmac, randomUUID } from 'node:crypto'
import type { Database } from '../src/database/client.js'

// The stored changes that are measured, each as the HTTP calls that make it. The bench measures their CPU; a test holds the
// number of their statements.

/** An HTTP call. */
export interface Call {
  path: string
  headers: Record<string, string>
  body: string
}

/** Who acts, and where. */
export interface Scene {
  db: Database
  /** the Cookie header of a member of the staff of theatre 1 */
  staff: string
  /** Cookie headers of guests; the sessions are live */
  guests: readonly string[]
  webhookSecret: string
}

export interface Change {
  name: string
  /** Makes what `count` calls of different orders need; returns the calls. At most 50 calls. */
  prepare(scene: Scene, count: number): Promise<Call[]>
}

const json = (cookie: string) => ({ cookie, 'content-type': 'application/json' })

/** Inserts orders of one item in theatre 1, each at a seat of its own, and returns their ids. */
export async function insertOrders(
  db: Database,
  count: number,
  method: 'cash' | 'online' = 'cash',
): Promise<number[]> {
  const rows = await db.$queryRaw<{ id: number }[]>`
    WITH seat AS (
      SELECT s.id, row_number() OVER (ORDER BY s.id) AS place FROM seats s JOIN halls h ON h.id = s.hall_id
      WHERE h.theatre_id = 1
    ), item AS (SELECT id, name, price FROM menu_items WHERE theatre_id = 1 AND listed ORDER BY position LIMIT 1
    ), made AS (
      INSERT INTO orders (theatre_id, seat_id, customer_id, status, payment_method, total, confirmed_at)
      SELECT 1, seat.id, (SELECT min(id) FROM users), ${method === 'cash' ? 'confirmed' : 'placed'}::order_status,
        ${method}::payment_method, item.price, CASE WHEN ${method} = 'cash' THEN now() END
      FROM generate_series(0, ${count - 1}::int) AS n
      JOIN seat ON seat.place = 1 + n % (SELECT count(*) FROM seat), item RETURNING id, total
    ), lines AS (
      INSERT INTO order_items (order_id, menu_item_id, name, quantity, unit_price)
      SELECT made.id, item.id, item.name, 1, item.price FROM made, item
    )
    SELECT id FROM made ORDER BY id`
  return rows.map(({ id }) => id)
}

/** Ends all orders: no snapshot or list grows with what was measured before. */
export async function endOrders(db: Database): Promise<void> {
  await db.$executeRaw`
    UPDATE orders SET status = 'delivered', confirmed_at = coalesce(confirmed_at, now()),
      seen_at = coalesce(seen_at, now()), delivered_at = now() WHERE status IN ('placed', 'confirmed', 'seen')`
}

/** Inserts orders; returns a step of the staff on each: `/api/orders/{id}/{step}`. */
export const stepCalls = async (
  { db, staff }: Pick<Scene, 'db' | 'staff'>,
  count: number,
  step: 'seen' | 'deliver',
): Promise<Call[]> =>
  (await insertOrders(db, count)).map((id) => ({
    path: `/api/orders/${id}/${step}`,
    headers: { cookie: staff },
    body: '',
  }))

const step = (name: 'seen' | 'deliver'): Change => ({
  name,
  prepare: (scene, count) => stepCalls(scene, count, name),
})

const message: Change = {
  name: 'chat message',
  prepare: async ({ db, staff }, count) =>
    (await insertOrders(db, count)).map((id) => ({
      path: `/api/chats/${id}/messages`,
      headers: json(staff),
      body: JSON.stringify({ text: 'It is on its way to your seat.', clientId: randomUUID() }),
    })),
}

/** Signed captures of online orders that were just placed. */
export async function captureCalls({ db, webhookSecret }: Scene, count: number): Promise<Call[]> {
  const ids = await insertOrders(db, count, 'online')
  const payments = await db.$queryRaw<{ id: string; amount: number }[]>`
    INSERT INTO payments (id, order_id, provider, amount)
    SELECT 'bench_' || o.id, o.id, 'simulated', o.total FROM orders o WHERE o.id = ANY(${ids}::int[])
    RETURNING id, amount`
  return payments.map(({ id, amount }) => {
    const entity = {
      id: `pay_${id}`,
      order_id: id,
      amount,
      currency: 'INR',
      status: 'captured',
      captured: true,
    }
    const body = JSON.stringify({ event: 'payment.captured', payload: { payment: { entity } } })
    const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
    return {
      path: '/webhooks/payments',
      headers: {
        'content-type': 'application/json',
        'x-razorpay-signature': signature,
        'x-razorpay-event-id': `evt_${id}`,
      },
      body,
    }
  })
}

const capture: Change = { name: 'webhook capture', prepare: captureCalls }

/** Cash orders of two items each, by turns in the first `theatres` theatres. */
export async function orderCalls({ db, guests }: Scene, count: number, theatres = 1): Promise<Call[]> {
  const seats = await db.$queryRaw<{ theatreId: number; token: string }[]>`
    SELECT h.theatre_id AS "theatreId", s.token, row_number() OVER (PARTITION BY h.theatre_id ORDER BY s.id) AS place
    FROM seats s JOIN halls h ON h.id = s.hall_id
    WHERE h.theatre_id IN (SELECT id FROM theatres ORDER BY id LIMIT ${theatres}::int) ORDER BY place, h.theatre_id`
  const menus = new Map<number, { id: number; price: number }[]>()
  for (const theatreId of new Set(seats.map((seat) => seat.theatreId))) {
    menus.set(theatreId, await db.menuItem.findMany({ where: { theatreId, listed: true }, take: 2 }))
  }
  return Array.from({ length: count }, (_, i) => {
    const seat = seats[i % seats.length]
    const items = menus.get(seat?.theatreId ?? 0) ?? []
    return {
      path: `/api/seats/${seat?.token}/orders`,
      headers: { ...json(guests[i % guests.length] ?? ''), 'idempotency-key': randomUUID() },
      body: JSON.stringify({
        items: items.map(({ id }) => ({ menuItemId: id, quantity: 1 })),
        paymentMethod: 'cash',
        expectedTotal: items.reduce((total, { price }) => total + price, 0),
      }),
    }
  })
}

const placing: Change = { name: 'placing an order', prepare: (scene, count) => orderCalls(scene, count) }

export const CHANGES: readonly Change[] = [step('seen'), step('deliver'), message, capture, placing]

/** A route of the same Fastify that looks the session up and inserts one row: what any stored change costs. */
export const PLAIN_ROUTE: Change = {
  name: 'a plain route',
  prepare: async ({ staff }, count) =>
    Array.from({ length: count }, () => ({
      path: '/bench/plain',
      headers: json(staff),
      body: JSON.stringify({ text: 'It is on its way to your seat.', clientId: randomUUID() }),
    })),
}
