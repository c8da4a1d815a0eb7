import { visibleOrders } from '../access/order-access.js'
import { isTheatreManager } from '../access/theatre-access.js'
import { type Database, Prisma } from '../database/client.js'
import { conflict, forbidden, notFound } from '../errors.js'
import { type OrderRecord, readOrders } from '../orders/order-record.js'
import type { Principal } from '../principal.js'

/** The bill of a paid order. Its number is given by the database, in the transaction of the payment. Money is in paise. */
export interface Receipt {
  order: OrderRecord
  /** as printed: theatre, financial year, running number */
  number: string
  /** the running number, without gaps in a theatre and financial year */
  serial: number
  /** the year in which the financial year starts */
  financialYear: number
  issuedAt: Date
  /** name of the theatre, its GSTIN and the text above its bills, hall, seat and time zone: as they were then */
  seller: string
  gstin: string | null
  header: string
  hall: string
  seat: string
  timeZone: string
  /** hundredths of a percent */
  gstRate: number
  /** contained in the order's total; an even number, so that CGST and SGST are equal */
  gst: number
}

/**
 * The bill of an order, for its owner, the theatre's managers and admins. Throws `not_found` for an order that the principal may not
 * see, as for a missing one, `forbidden` for plain staff, and 409 `not_paid`.
 */
export async function findReceipt(db: Database, principal: Principal, orderId: number): Promise<Receipt> {
  const [order] = await readOrders(db, Prisma.sql`o.id = ${orderId}::int AND ${visibleOrders(principal)}`)
  if (!order) throw notFound('order')
  if (order.customerId !== principal.userId && !isTheatreManager(principal, order.theatreId)) {
    throw forbidden()
  }
  const [receipt] = await db.$queryRaw<Omit<Receipt, 'order'>[]>`
    SELECT houselights_bill_number(r.theatre_id, r.financial_year, r.number) AS number, r.number AS serial,
      r.financial_year AS "financialYear", r.issued_at AS "issuedAt", r.seller, r.gstin, r.header, r.hall,
      r.seat, r.time_zone AS "timeZone", r.gst_rate AS "gstRate", houselights_gst(o.total, r.gst_rate)::float8 AS gst
    FROM receipts r JOIN orders o ON o.id = r.order_id WHERE r.order_id = ${orderId}::int`
  if (!receipt) throw conflict('not_paid', 'There is a bill once the order is paid.')
  return { order, ...receipt }
}
