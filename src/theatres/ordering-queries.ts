import { Prisma, type Queryable } from '../database/client.js'
import { closingAt, type Opening, type OpeningHours, openingAt } from './opening-hours.js'

/** How a theatre takes orders just now. */
export interface OrderingRecord {
  id: number
  name: string
  timeZone: string
  accepting: boolean
  /** when it accepts orders again by itself; null: it does, or it is not known */
  reopensAt: Date | null
  /** how long an order takes: the median of the last hour's, else `max_time` */
  minutes: number
}

/** Whether ordering is not paused at theatre `t` just now: a pause with an end ends by itself. */
export const isAccepting = Prisma.sql`(NOT t.paused OR coalesce(t.reopens_at <= now(), false))`

/** How a theatre takes orders at a moment, by its pause, if there is one, and its opening hours. */
export function orderingAt(pause: Opening, hours: OpeningHours, now: Date): Opening {
  if (pause.accepting) return openingAt(hours, now)
  if (pause.reopensAt === null) return pause
  const then = openingAt(hours, pause.reopensAt)
  return then.accepting ? pause : then
}

type OrderingRow = OrderingRecord & { hours: OpeningHours }

/**
 * Null for a theatre that does not exist. `changesAt`: when it opens or closes by its hours, if it does. Orders are found by
 * the index on their creation: older ones say little of now.
 */
export async function readOrdering(
  db: Queryable,
  theatreId: number,
): Promise<(OrderingRecord & { changesAt: Date | null }) | null> {
  const [theatre] = await db.$queryRaw<OrderingRow[]>`
    SELECT t.id, t.name, t.time_zone AS "timeZone", ${isAccepting} AS accepting,
      CASE WHEN ${isAccepting} THEN NULL ELSE t.reopens_at END AS "reopensAt",
      json_build_object('timeZone', t.time_zone, 'openingHours', t.opening_hours, 'lastOrders', t.last_orders) AS hours,
      coalesce((
        SELECT ceil(percentile_cont(0.5) WITHIN GROUP (
          ORDER BY greatest(1, extract(epoch FROM o.delivered_at - o.confirmed_at))) / 60)::int
        FROM orders o WHERE o.theatre_id = t.id AND o.delivered_at > now() - interval '1 hour'
          AND o.created_at > now() - interval '6 hours'), t.max_time) AS minutes
    FROM theatres t WHERE t.id = ${theatreId}::int`
  if (!theatre) return null
  const { id, name, timeZone, minutes, hours, ...pause } = theatre
  const now = new Date()
  const { accepting, reopensAt } = orderingAt(pause, hours, now)
  const changesAt = accepting ? closingAt(hours, now) : reopensAt
  return { id, name, timeZone, accepting, reopensAt, minutes, changesAt }
}
