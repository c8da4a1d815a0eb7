import { requireManagedTheatre } from '../access/theatre-access.js'
import { type Database, Prisma, type Transaction } from '../database/client.js'
import type { Principal } from '../principal.js'
import { checkDay, startOfDay } from '../theatres/calendar-day.js'

// The books of a day: the orders that were placed on it by the theatre's clock. Money is in paise. All of it is derived from the
// orders themselves, so that any sum is the sum of its orders.

/** What was taken with one method of payment. */
export interface MethodTakings {
  /** orders that were paid */
  orders: number
  itemsSold: number
  /** with GST, before refunds */
  gross: number
  /** contained in `gross`, rounded for each order as its bill does */
  gst: number
  /** given back of `gross` */
  refunds: number
}

export interface Takings extends MethodTakings {
  /** YYYY-MM-DD */
  day: string
  timeZone: string
  byMethod: { online: MethodTakings; cash: MethodTakings }
  items: { name: string; quantity: number; amount: number }[]
  /** of cash orders that are not paid */
  cashOwed: number
  /** of the customers', yet to go back */
  refundsDue: number
}

/** One order in the books. */
export interface TakingsOrder {
  id: number
  /** local, YYYY-MM-DD HH:MM */
  at: string
  hall: string
  seat: string
  items: string
  status: string
  method: 'online' | 'cash'
  paymentStatus: string
  /** its bill's number; null: it has none */
  bill: string | null
  /** 1 if it was paid */
  orders: number
  itemsSold: number
  gross: number
  gst: number
  refunds: number
  cashOwed: number
  refundsDue: number
}

const NONE: MethodTakings = { orders: 0, itemsSold: 0, gross: 0, gst: 0, refunds: 0 }

/** The order in row `o` was paid, whether or not money went back since. */
export const paidOrders = Prisma.sql`o.payment_status IN ('paid', 'partially_refunded', 'refunded')`

/** of the order in row `o` with its bill in row `r` */
const amounts = Prisma.sql`
  CASE WHEN ${paidOrders} THEN o.total ELSE 0 END AS gross,
  CASE WHEN ${paidOrders} THEN houselights_gst(o.total, r.gst_rate) ELSE 0 END AS gst,
  CASE WHEN ${paidOrders} THEN o.refunded_amount ELSE 0 END AS refunds,
  CASE WHEN ${paidOrders} THEN 1 ELSE 0 END AS orders,
  CASE WHEN ${paidOrders} THEN (SELECT sum(i.quantity) FROM order_items i WHERE i.order_id = o.id) ELSE 0 END AS items_sold,
  CASE WHEN o.payment_method = 'cash' AND o.payment_status = 'pending' AND o.status <> 'cancelled' THEN o.total ELSE 0 END
    AS cash_owed,
  o.due_back AS refunds_due`

const ordersOf = (theatreId: number, day: string): Prisma.Sql => Prisma.sql`
  o.theatre_id = ${theatreId}::int AND o.created_at >= ${startOfDay(day)} AND o.created_at < ${startOfDay(day, 1)}`

/** Reads the books in one snapshot of the database. `day`: today unless given. Throws as `requireManagedTheatre`, `checkDay` do. */
async function onDay<T>(
  db: Database,
  principal: Principal,
  theatreId: number,
  given: string | null,
  read: (tx: Transaction, day: string, timeZone: string) => Promise<T>,
): Promise<T> {
  if (given !== null) checkDay(given)
  return await db.$transaction(
    async (tx) => {
      await requireManagedTheatre(tx, principal, theatreId)
      const [theatre] = await tx.$queryRaw<{ timeZone: string; today: string }[]>`
        SELECT t.time_zone AS "timeZone", to_char(now() AT TIME ZONE t.time_zone, 'YYYY-MM-DD') AS today
        FROM theatres t WHERE t.id = ${theatreId}::int`
      if (!theatre) throw new Error('the theatre has just been there')
      return await read(tx, given ?? theatre.today, theatre.timeZone)
    },
    { isolationLevel: 'RepeatableRead' },
  )
}

interface MethodRow extends MethodTakings {
  method: 'online' | 'cash'
  cashOwed: number
  refundsDue: number
}

/** What a theatre took on a day. */
export function readTakings(
  db: Database,
  principal: Principal,
  theatreId: number,
  given: string | null,
): Promise<Takings> {
  return onDay(db, principal, theatreId, given, async (tx, day, timeZone) => {
    const rows = await tx.$queryRaw<MethodRow[]>`
      SELECT d.method, sum(d.orders)::float8 AS orders, sum(d.items_sold)::float8 AS "itemsSold",
        sum(d.gross)::float8 AS gross, sum(d.gst)::float8 AS gst, sum(d.refunds)::float8 AS refunds,
        sum(d.cash_owed)::float8 AS "cashOwed", sum(d.refunds_due)::float8 AS "refundsDue"
      FROM (SELECT o.payment_method::text AS method, ${amounts} FROM orders o JOIN theatres t ON t.id = o.theatre_id
          LEFT JOIN receipts r ON r.order_id = o.id
        WHERE ${ordersOf(theatreId, day)}) d
      GROUP BY d.method`
    const items = await tx.$queryRaw<Takings['items']>`
      SELECT i.name, sum(i.quantity)::float8 AS quantity, sum(i.quantity::bigint * i.unit_price)::float8 AS amount
      FROM orders o JOIN theatres t ON t.id = o.theatre_id JOIN order_items i ON i.order_id = o.id
      WHERE ${ordersOf(theatreId, day)} AND ${paidOrders} GROUP BY i.name ORDER BY amount DESC, i.name`
    const of = (method: MethodRow['method']): MethodTakings => {
      const row = rows.find((each) => each.method === method)
      if (!row) return NONE
      const { orders, itemsSold, gross, gst, refunds } = row
      return { orders, itemsSold, gross, gst, refunds }
    }
    const byMethod = { online: of('online'), cash: of('cash') }
    const total = (of: (row: MethodRow) => number) => rows.reduce((sum, row) => sum + of(row), 0)
    return {
      day,
      timeZone,
      orders: total(({ orders }) => orders),
      itemsSold: total(({ itemsSold }) => itemsSold),
      gross: total(({ gross }) => gross),
      gst: total(({ gst }) => gst),
      refunds: total(({ refunds }) => refunds),
      byMethod,
      items,
      cashOwed: total(({ cashOwed }) => cashOwed),
      refundsDue: total(({ refundsDue }) => refundsDue),
    }
  })
}

/** The day's orders one by one, the oldest first, paid or not. */
export function listTakings(
  db: Database,
  principal: Principal,
  theatreId: number,
  given: string | null,
): Promise<{ day: string; orders: TakingsOrder[] }> {
  return onDay(db, principal, theatreId, given, async (tx, day) => {
    const orders = await tx.$queryRaw<TakingsOrder[]>`
      SELECT d.id, d.at, d.hall, d.seat, d.items, d.status, d.method, d.payment_status AS "paymentStatus", d.bill,
        d.orders::float8 AS orders, d.items_sold::float8 AS "itemsSold", d.gross::float8 AS gross, d.gst::float8 AS gst,
        d.refunds::float8 AS refunds, d.cash_owed::float8 AS "cashOwed", d.refunds_due::float8 AS "refundsDue"
      FROM (
        SELECT o.id, to_char(o.created_at AT TIME ZONE t.time_zone, 'YYYY-MM-DD HH24:MI') AS at, h.name AS hall, s.name AS seat,
          o.status::text AS status, o.payment_method::text AS method, o.payment_status::text AS payment_status,
          (SELECT string_agg(i.quantity || ' × ' || i.name, ', ' ORDER BY i.id) FROM order_items i WHERE i.order_id = o.id) AS items,
          houselights_bill_number(r.theatre_id, r.financial_year, r.number) AS bill, ${amounts}
        FROM orders o JOIN theatres t ON t.id = o.theatre_id JOIN seats s ON s.id = o.seat_id JOIN halls h ON h.id = s.hall_id
          LEFT JOIN receipts r ON r.order_id = o.id
        WHERE ${ordersOf(theatreId, day)}) d
      ORDER BY d.id`
    return { day, orders }
  })
}
