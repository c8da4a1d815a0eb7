import type { Transaction } from '../database/client.js'
import { conflict, DomainError, invalid, unauthenticated } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { readPhone } from '../protocol/typed-text.js'
import type { PaymentMethod } from '../protocol/views.js'
import type { SeatRecord } from '../seats/seat-queries.js'
import { listMenu } from '../theatres/menu-queries.js'
import { viewMenuItem } from '../theatres/theatre-view.js'
import { findEarlier, hashRequest, type KeyedRequest, rememberKey } from './idempotency.js'
import { orderEvents } from './order-events.js'
import { mergeLines, type OrderLine, priceLines, type WantedItem } from './order-lines.js'
import { type OrderRecord, readOrder } from './order-record.js'

/** The customer and their session, to which idempotency keys are scoped. */
export interface Orderer {
  userId: number
  sessionId: string
}

export interface NewOrder {
  items: readonly WantedItem[]
  paymentMethod: PaymentMethod
  /** as typed: blanks, brackets, dots and digits of any script */
  phone: string | null
  idempotencyKey: string | null
  /** paise that the customer was shown; null: not given */
  expectedTotal?: number | null
}

export interface PlacedOrder {
  order: OrderRecord
  /** false: an earlier request of the session with the same key created it */
  created: boolean
}

/** How many orders may be unpaid or unseen at a time, so that a link to a seat can't flood the board. */
export interface OpenOrderLimits {
  seat: number
  /** of the orderer's: a guest has one session */
  session: number
}

export const OPEN_ORDERS: OpenOrderLimits = { seat: 5, session: 10 }

const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Places an order at a seat. Names, prices and the total come from the database. A cash order is confirmed at once.
 *
 * Throws `validation_failed`, 401 when the session has just ended, 409 `price_changed` with the menu and the total when the
 * order would not cost `expectedTotal`, 409 `too_many_open_orders` beyond `limits` (null: none), and as `priceLines` and
 * `findEarlier` do.
 */
export async function placeOrder(
  ctx: ActionContext,
  orderer: Orderer,
  seat: SeatRecord,
  wanted: NewOrder,
  limits: OpenOrderLimits | null = OPEN_ORDERS,
): Promise<PlacedOrder> {
  const { paymentMethod, expectedTotal = null } = wanted
  const phone = wanted.phone === null ? null : checkPhone(wanted.phone)
  const items = mergeLines(wanted.items)
  const contents = [seat.id, items, paymentMethod, phone, ...(expectedTotal === null ? [] : [expectedTotal])]
  const keyed = keyedRequest(orderer.sessionId, wanted.idempotencyKey, contents)
  return await commit(ctx, async (tx): Promise<Outcome<PlacedOrder>> => {
    await lockSessionAndSeat(tx, orderer.sessionId, seat.id)
    const earlier = keyed && (await findEarlier(tx, keyed))
    if (earlier) return { result: { order: await readOrder(tx, earlier), created: false } }
    const { lines, total } = await priceLines(tx, seat.theatreId, items)
    if (expectedTotal !== null && expectedTotal !== total) throw await priceChanged(tx, seat, total)
    if (limits) await checkOpenOrders(tx, orderer, seat, limits)
    const id = await insertOrder(tx, { seat, customerId: orderer.userId, paymentMethod, phone, total, lines })
    if (keyed) await rememberKey(tx, keyed, id)
    const order = await readOrder(tx, id)
    const names =
      paymentMethod === 'cash' ? (['order.placed', 'order.confirmed'] as const) : ['order.placed' as const]
    return { result: { order, created: true }, events: orderEvents(names, order) }
  })
}

function checkPhone(text: string): string {
  const phone = readPhone(text)
  if (phone === null) throw invalid('phone', 'must be a phone number of 5 to 20 digits')
  return phone
}

async function priceChanged(tx: Transaction, { theatreId }: SeatRecord, total: number): Promise<DomainError> {
  const menu = (await listMenu(tx, theatreId)).map(viewMenuItem)
  const message = 'The price has changed: look at the new total before you order.'
  return new DomainError(409, 'price_changed', message, { body: { menu, total } })
}

function keyedRequest(sessionId: string, key: string | null, canonical: unknown): KeyedRequest | null {
  if (key === null) return null
  if (!KEY.test(key)) throw invalid('Idempotency-Key', 'must be 1 to 255 visible ASCII characters')
  return { sessionId, key, bodyHash: hashRequest(canonical) }
}

/**
 * Locks the rows of the session and the seat, in this order. So no two orders of either are counted at once, and a
 * concurrent log-out waits, or has already happened.
 */
async function lockSessionAndSeat(tx: Transaction, sessionId: string, seatId: number): Promise<void> {
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT s.id FROM sessions s, seats t WHERE s.id = ${sessionId}::uuid AND t.id = ${seatId}::int
    FOR NO KEY UPDATE OF s, t`
  if (locked.length === 0) throw unauthenticated()
}

/** A statement of its own, so that it sees what was committed while the locks were waited for. */
async function checkOpenOrders(
  tx: Transaction,
  { userId }: Orderer,
  seat: SeatRecord,
  limits: OpenOrderLimits,
): Promise<void> {
  const [open] = await tx.$queryRaw<{ atSeat: number; ofOrderer: number }[]>`
    SELECT count(*) FILTER (WHERE seat_id = ${seat.id}::int)::int AS "atSeat",
      count(*) FILTER (WHERE customer_id = ${userId}::int)::int AS "ofOrderer"
    FROM orders WHERE (seat_id = ${seat.id}::int OR customer_id = ${userId}::int)
      AND (status IN ('placed', 'confirmed')
        OR (status = 'seen' AND payment_status IN ('pending', 'failed')))`
  if (!open || (open.atSeat < limits.seat && open.ofOrderer < limits.session)) return
  throw conflict(
    'too_many_open_orders',
    'There are too many open orders: wait until one of them is paid and seen by the staff.',
  )
}

interface InsertedOrder {
  seat: SeatRecord
  customerId: number
  paymentMethod: PaymentMethod
  phone: string | null
  total: number
  lines: OrderLine[]
}

async function insertOrder(tx: Transaction, given: InsertedOrder): Promise<number> {
  const { seat, customerId, paymentMethod, phone, total, lines } = given
  const isCash = paymentMethod === 'cash'
  const [row] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO orders (theatre_id, seat_id, customer_id, status, payment_method, total, phone, confirmed_at)
    VALUES (${seat.theatreId}::int, ${seat.id}::int, ${customerId}::int,
      ${isCash ? 'confirmed' : 'placed'}::order_status, ${paymentMethod}::payment_method, ${total}::int, ${phone},
      CASE WHEN ${isCash} THEN now() END)
    RETURNING id`
  if (!row) throw new Error('the order was not stored')
  await tx.orderItem.createMany({ data: lines.map((line) => ({ orderId: row.id, ...line })) })
  return row.id
}
