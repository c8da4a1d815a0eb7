import { requireManagedTheatre } from '../access/theatre-access.js'
import { type Database, Prisma } from '../database/client.js'
import type { Principal } from '../principal.js'
import { MAX_ID } from '../protocol/groups.js'
import { toAsciiDigits, trimBlanks } from '../protocol/typed-text.js'
import type { OrderStatus } from '../protocol/views.js'
import { checkDay, startOfDay } from '../theatres/calendar-day.js'
import { type OrderRecord, readOrders } from './order-record.js'

export interface HistorySearch {
  /** days by the theatre's clock, both included; null: no bound */
  from: string | null
  to: string | null
  /** an order's number, a seat, a part of an item's name, or the last digits of a phone; null: all */
  q: string | null
  status: OrderStatus | null
  /** the last order of the page before */
  after: number | null
}

const PAGE = 50
/** fewer would match too many people's phones */
const PHONE_DIGITS = 3

/**
 * A theatre's orders, the newest first, by page. `next`: `after` of the next page; null: there is none. Throws
 * `validation_failed` for a day that is none, and as `requireManagedTheatre` does.
 */
export async function searchHistory(
  db: Database,
  principal: Principal,
  theatreId: number,
  { from, to, q, status, after }: HistorySearch,
): Promise<{ orders: OrderRecord[]; next: number | null }> {
  const where = [
    Prisma.sql`o.theatre_id = ${theatreId}::int`,
    ...(from === null ? [] : [Prisma.sql`o.created_at >= ${startOfDay(checkDay(from, 'from'))}`]),
    ...(to === null ? [] : [Prisma.sql`o.created_at < ${startOfDay(checkDay(to, 'to'), 1)}`]),
    ...(status === null ? [] : [Prisma.sql`o.status = ${status}::order_status`]),
    ...(after === null ? [] : [Prisma.sql`o.id < ${after}::int`]),
    ...(q === null || trimBlanks(q) === '' ? [] : [matching(trimBlanks(q))]),
  ]
  await requireManagedTheatre(db, principal, theatreId)
  const found = await readOrders(
    db,
    Prisma.join(where, ' AND '),
    Prisma.sql`ORDER BY o.id DESC LIMIT ${PAGE + 1}::int`,
  )
  const orders = found.slice(0, PAGE)
  return { orders, next: found.length > PAGE ? (orders.at(-1)?.id ?? null) : null }
}

function matching(text: string): Prisma.Sql {
  // PostgreSQL refuses NUL in text
  const q = text.replaceAll('\0', ' ')
  const number = /^#?(\d{1,10})$/.exec(toAsciiDigits(q))?.[1]
  const id = number === undefined || Number(number) > MAX_ID ? null : Number(number)
  const digits = toAsciiDigits(q).replace(/[\s\p{Pd}+]/gu, '')
  const isPhone = digits.length >= PHONE_DIGITS && /^\d+$/.test(digits)
  const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`
  return Prisma.sql`(o.id = ${id}::int OR lower(s.name) = lower(${q}) OR lower(h.name || ' ' || s.name) = lower(${q})
    OR o.phone LIKE ${isPhone ? `%${digits}` : null}
    OR EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id AND i.name ILIKE ${pattern}))`
}
