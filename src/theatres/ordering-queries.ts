import { type Database, Prisma, type Transaction } from '../database/client.js'

/** How a theatre takes orders just now. */
export interface OrderingRecord {
  id: number
  name: string
  accepting: boolean
  /** when it accepts orders again by itself; null: it does, or it is not known */
  reopensAt: Date | null
  /** how long an order takes: the median of the last hour's, else `max_time` */
  minutes: number
}

/** Whether theatre `t` takes orders just now: a pause with an end ends by itself. */
export const isAccepting = Prisma.sql`(NOT t.paused OR coalesce(t.reopens_at <= now(), false))`

/** Null for a theatre that does not exist. Orders are found by the index on their creation: older ones say little of now. */
export async function readOrdering(
  db: Database | Transaction,
  theatreId: number,
): Promise<OrderingRecord | null> {
  const [theatre] = await db.$queryRaw<OrderingRecord[]>`
    SELECT t.id, t.name, ${isAccepting} AS accepting,
      CASE WHEN ${isAccepting} THEN NULL ELSE t.reopens_at END AS "reopensAt",
      coalesce((
        SELECT ceil(percentile_cont(0.5) WITHIN GROUP (
          ORDER BY greatest(1, extract(epoch FROM o.delivered_at - o.confirmed_at))) / 60)::int
        FROM orders o WHERE o.theatre_id = t.id AND o.delivered_at > now() - interval '1 hour'
          AND o.created_at > now() - interval '6 hours'), t.max_time) AS minutes
    FROM theatres t WHERE t.id = ${theatreId}::int`
  return theatre ?? null
}
