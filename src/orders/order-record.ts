import { Prisma, type Queryable } from '../database/client.js'
import type { OrderStatus, OrderView, PaymentMethod, PaymentStatus } from '../protocol/views.js'

/** An order with everything that its views show. Money is in paise. */
export interface OrderRecord {
  id: number
  customerId: number
  theatreId: number
  theatreName: string
  timeZone: string
  /** minutes allowed for an order, and minutes left at which it becomes urgent */
  maxTime: number
  minTime: number
  seatId: number
  seatName: string
  hallName: string
  status: OrderStatus
  paymentStatus: PaymentStatus
  paymentMethod: PaymentMethod
  /** the provider of its last payment; null if it has none */
  provider: string | null
  items: OrderView['items']
  total: number
  /** paise given back of the capture that paid */
  refundedAmount: number
  /** paise of late and second captures, and of a cancelled order, that have not gone back yet */
  dueBack: number
  phone: string | null
  /** what the customer has written for the kitchen */
  note: string | null
  createdAt: Date
  confirmedAt: Date | null
  seenAt: Date | null
  deliveredAt: Date | null
  cancelledAt: Date | null
  /** rises with each change */
  version: number
}

/** The order in row `o` of `orders` still needs work: staff pages show it. */
export const liveOrders = Prisma.sql`o.status IN ('placed', 'confirmed', 'seen')`

/** Reads orders in one statement. `where` is a condition on the row `o` of `orders`; `tail` is ORDER BY and LIMIT. */
export function readOrders(
  db: Queryable,
  where: Prisma.Sql,
  tail: Prisma.Sql = Prisma.sql`ORDER BY o.id`,
): Promise<OrderRecord[]> {
  return db.$queryRaw<OrderRecord[]>`${orderColumns} FROM orders o ${orderJoins} WHERE ${where} ${tail}`
}

/**
 * Changes orders and reads them back in the same statement. `update` is an UPDATE or INSERT of rows of `orders` with the
 * alias `o`, without RETURNING; `also` holds further parts of the WITH, which may refer to the changed rows as `changed`.
 */
export function changeOrders(
  tx: Queryable,
  update: Prisma.Sql,
  also: Prisma.Sql = Prisma.empty,
): Promise<OrderRecord[]> {
  return tx.$queryRaw<OrderRecord[]>`
    WITH changed AS (${update} RETURNING o.*) ${also} ${orderColumns} FROM changed o ${orderJoins}`
}

const orderColumns = Prisma.sql`
    SELECT o.id, o.customer_id AS "customerId", o.theatre_id AS "theatreId", t.name AS "theatreName",
      t.time_zone AS "timeZone", t.max_time AS "maxTime", t.min_time AS "minTime",
      o.seat_id AS "seatId", s.name AS "seatName", h.name AS "hallName",
      o.status::text AS status, o.payment_status::text AS "paymentStatus",
      o.payment_method::text AS "paymentMethod", o.total, o.refunded_amount AS "refundedAmount",
      o.due_back AS "dueBack", o.phone, o.note,
      o.created_at AS "createdAt", o.confirmed_at AS "confirmedAt", o.seen_at AS "seenAt",
      o.delivered_at AS "deliveredAt", o.cancelled_at AS "cancelledAt", o.version,
      (SELECT p.provider FROM payments p WHERE p.order_id = o.id ORDER BY p.created_at DESC, p.id DESC LIMIT 1) AS provider,
      (SELECT coalesce(json_agg(json_build_object('menuItemId', i.menu_item_id, 'name', i.name,
          'options', i.options, 'quantity', i.quantity, 'unitPrice', i.unit_price) ORDER BY i.id), '[]')
        FROM order_items i WHERE i.order_id = o.id) AS items`

/** Joins to the row `o` of `orders` its theatre `t`, seat `s` and hall `h`. */
export const orderJoins = Prisma.sql`
    JOIN theatres t ON t.id = o.theatre_id
    JOIN seats s ON s.id = o.seat_id
    JOIN halls h ON h.id = s.hall_id`

/** Reads an order that the caller knows to exist. */
export async function readOrder(tx: Queryable, orderId: number): Promise<OrderRecord> {
  const [order] = await readOrders(tx, Prisma.sql`o.id = ${orderId}::int`)
  if (!order) throw new Error(`order ${orderId} is missing in its own transaction`)
  return order
}
