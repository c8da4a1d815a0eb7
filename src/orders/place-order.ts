import { Prisma, type Queryable } from '../database/client.js'
import { conflict, DomainError, invalid, notFound, unauthenticated } from '../errors.js'
import { type ActionContext, commitRaw, type Outcome } from '../events/commit.js'
import { MAX_NOTE, readNote, readPhone } from '../protocol/typed-text.js'
import type { PaymentMethod } from '../protocol/views.js'
import { findSeat, lockSessionAndSeat, mayBeToken, type SeatRecord } from '../seats/seat-queries.js'
import { listMenu } from '../theatres/menu-queries.js'
import { isAccepting, orderingAt } from '../theatres/ordering-queries.js'
import { viewMenuItem } from '../theatres/theatre-view.js'
import {
  type EarlierRequest,
  earlierRequest,
  hashRequest,
  type KeyedRequest,
  rememberRequest,
  repeatEarlier,
} from './idempotency.js'
import { orderEvents } from './order-events.js'
import {
  mergeLines,
  type OfferedItem,
  type OrderLine,
  offeredItems,
  priceLines,
  type WantedItem,
} from './order-lines.js'
import { changeOrders, type OrderRecord } from './order-record.js'

/** The customer and their session, to which idempotency keys are scoped. */
export interface OrderingUser {
  userId: number
  sessionId: string
}

export interface NewOrder {
  items: readonly WantedItem[]
  paymentMethod: PaymentMethod
  /** as typed: blanks, brackets, dots and digits of any script */
  phone: string | null
  /** for the kitchen, as typed; blank or null: none */
  note?: string | null
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
  /** of the user's: a guest has one session */
  session: number
}

export const OPEN_ORDERS: OpenOrderLimits = { seat: 5, session: 10 }

const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Places an order at a seat. Names, prices and the total come from the database. A cash order is confirmed at once.
 *
 * Throws `not_found` for a token of no seat, `validation_failed`, 401 when the session has just ended, 409 `not_accepting_orders` with
 * `reopensAt` while ordering is paused and outside of opening hours, 409 `price_changed` with the menu and the total when the
 * order would not cost `expectedTotal`, 409 `too_many_open_orders` beyond `limits` (null: none), and as `priceLines` and
 * `repeatEarlier` do.
 */
export async function placeOrder(
  ctx: ActionContext,
  user: OrderingUser,
  seatToken: string,
  wanted: NewOrder,
  limits: OpenOrderLimits | null = OPEN_ORDERS,
): Promise<PlacedOrder> {
  const { paymentMethod, expectedTotal = null } = wanted
  const phone = wanted.phone === null ? null : checkPhone(wanted.phone)
  const note = checkNote(wanted.note ?? '')
  const items = mergeLines(wanted.items)
  const key = wanted.idempotencyKey === null ? null : checkKey(wanted.idempotencyKey)
  const work = async (tx: Queryable): Promise<Outcome<PlacedOrder>> => {
    // sent together; the second one runs, and takes its snapshot, when the first has its locks
    const [seat, context] = await Promise.all([
      lockSessionAndSeat(tx, user.sessionId, seatToken),
      readContext(tx, user, seatToken, items, key),
    ])
    if (!seat || !context) throw (await findSeat(tx, seatToken)) ? unauthenticated() : notFound('seat')
    const contents = [
      seat.id,
      items,
      paymentMethod,
      phone,
      ...(expectedTotal === null ? [] : [expectedTotal]),
      ...(note === null ? [] : [{ note }]),
    ]
    const keyed = key === null ? null : { sessionId: user.sessionId, key, bodyHash: hashRequest(contents) }
    const { earlier, ordering, menu, open } = context
    if (keyed && earlier)
      return { result: { order: await repeatEarlier(tx, earlier, keyed), created: false } }
    refuseUnlessAccepting(ordering, seat)
    const { lines, total } = priceLines(menu, items)
    if (expectedTotal !== null && expectedTotal !== total) throw await priceChanged(tx, seat, total)
    if (limits) checkOpenOrders(open, limits)
    const given = { seat, customerId: user.userId, paymentMethod, phone, note, total, lines }
    const order = await insertOrder(tx, given, keyed)
    const names =
      paymentMethod === 'cash' ? (['order.placed', 'order.confirmed'] as const) : ['order.placed' as const]
    return { result: { order, created: true }, events: orderEvents(names, order) }
  }
  // each locks the seat
  return await commitRaw(ctx, work, { queueKey: `seat:${seatToken}` })
}

function checkPhone(text: string): string {
  const phone = readPhone(text)
  if (phone === null) throw invalid('phone', 'must be a phone number of 5 to 20 digits')
  return phone
}

function checkNote(text: string): string | null {
  const note = readNote(text)
  if (note === undefined) throw invalid('note', `must be text of at most ${MAX_NOTE} characters`)
  return note
}

async function priceChanged(tx: Queryable, { theatreId }: SeatRecord, total: number): Promise<DomainError> {
  const menu = (await listMenu(tx, theatreId)).map(viewMenuItem)
  const message = 'The price has changed: look at the new total before you order.'
  return new DomainError(409, 'price_changed', message, { body: { menu, total } })
}

function refuseUnlessAccepting(pause: Context['ordering'], { hours }: SeatRecord): void {
  const pauseEnds = pause.reopensAt === null ? null : new Date(pause.reopensAt)
  const { accepting, reopensAt } = orderingAt({ ...pause, reopensAt: pauseEnds }, hours, new Date())
  if (accepting) return
  const message = 'This theatre is not taking orders just now: try again later.'
  throw new DomainError(409, 'not_accepting_orders', message, {
    body: { reopensAt: reopensAt?.toISOString() ?? null },
  })
}

function checkKey(key: string): string {
  if (!KEY.test(key)) throw invalid('Idempotency-Key', 'must be 1 to 255 visible ASCII characters')
  return key
}

interface Context {
  earlier: EarlierRequest | null
  /** `reopensAt` as PostgreSQL writes a time in JSON */
  ordering: { accepting: boolean; reopensAt: string | null }
  menu: OfferedItem[]
  /** unpaid or unseen orders */
  open: OpenOrderLimits
}

/**
 * What decides about an order, in one statement; null for a token of no seat. The session and the seat are locked before: it sees
 * what was committed while the locks were waited for, and no two orders of either are counted at once.
 */
async function readContext(
  tx: Queryable,
  { userId, sessionId }: OrderingUser,
  seatToken: string,
  items: readonly WantedItem[],
  key: string | null,
): Promise<Context | null> {
  if (!mayBeToken(seatToken)) return null
  const [context] = await tx.$queryRaw<Context[]>`
    SELECT ${earlierRequest(sessionId, key)} AS earlier, ${offeredItems(items)} AS menu,
      json_build_object('accepting', ${isAccepting}, 'reopensAt', t.reopens_at) AS ordering, (
      SELECT json_build_object(
        'seat', count(*) FILTER (WHERE o.seat_id = s.id),
        'session', count(*) FILTER (WHERE o.customer_id = ${userId}::int))
      FROM orders o WHERE (o.seat_id = s.id OR o.customer_id = ${userId}::int)
        AND (o.status IN ('placed', 'confirmed')
          OR (o.status = 'seen' AND o.payment_status IN ('pending', 'failed')))) AS open
    FROM seats s JOIN halls h ON h.id = s.hall_id JOIN theatres t ON t.id = h.theatre_id WHERE s.token = ${seatToken}`
  return context ?? null
}

function checkOpenOrders(open: OpenOrderLimits, limits: OpenOrderLimits): void {
  if (open.seat < limits.seat && open.session < limits.session) return
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
  note: string | null
  total: number
  lines: OrderLine[]
}

async function insertOrder(
  tx: Queryable,
  given: InsertedOrder,
  keyed: KeyedRequest | null,
): Promise<OrderRecord> {
  const { seat, customerId, paymentMethod, phone, note, total, lines } = given
  const isCash = paymentMethod === 'cash'
  const [order] = await changeOrders(
    tx,
    Prisma.sql`
      INSERT INTO orders AS o (theatre_id, seat_id, customer_id, status, payment_method, total, phone, note, confirmed_at)
      VALUES (${seat.theatreId}::int, ${seat.id}::int, ${customerId}::int,
        ${isCash ? 'confirmed' : 'placed'}::order_status, ${paymentMethod}::payment_method, ${total}::int,
        ${phone}, ${note}, CASE WHEN ${isCash} THEN now() END)`,
    Prisma.sql`
      , lines AS (
        INSERT INTO order_items (order_id, menu_item_id, name, options, quantity, unit_price)
        SELECT changed.id, l."menuItemId", l.name, l.options, l.quantity, l."unitPrice"
        FROM changed, json_to_recordset(${JSON.stringify(lines)}::json)
          AS l ("menuItemId" int, name text, options jsonb, quantity int, "unitPrice" int))
      , request AS (${rememberRequest(keyed)})`,
  )
  if (!order) throw new Error('the order was not stored')
  // the statement does not see the lines that it has inserted
  return { ...order, items: lines }
}
