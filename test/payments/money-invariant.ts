import type { Database } from '../../src/database/client.js'

/** One place where money is that does not add up. */
export interface Gap {
  orderId: number | null
  captured: number
  returned: number
  held: number
  open: number
  noted: number
}

/**
 * Captured − given back = what orders hold + open issues + issues resolved by a note, to the paisa: for each order, and for
 * the charges of none. Returns what does not add up, from one snapshot.
 */
export function findGaps(db: Database): Promise<Gap[]> {
  return db.$queryRaw<Gap[]>`
    WITH charges AS (
      SELECT c.*, c.amount - given.back AS remaining, given.back,
        (SELECT sum(i.amount) FROM payment_issues i WHERE i.subject = c.id AND i.resolved_at IS NULL) AS open,
        EXISTS (SELECT FROM payment_issues i WHERE i.subject = c.id AND i.resolved_by IS NOT NULL) AS is_noted
      FROM captures c CROSS JOIN LATERAL (
        SELECT least(coalesce(sum(r.amount), 0), c.amount)::bigint AS back
        FROM refunds r WHERE r.capture_id = c.id AND r.status = 'processed') given
    ), sums AS (
      SELECT c.order_id AS "orderId", sum(c.amount)::float8 AS captured, sum(c.back)::float8 AS returned,
        coalesce(sum(c.remaining) FILTER (WHERE c.kind = 'paying' AND o.status <> 'cancelled'), 0)::float8 AS held,
        coalesce(sum(c.open), 0)::float8 AS open,
        coalesce(sum(c.remaining) FILTER (WHERE c.is_noted AND c.open IS NULL), 0)::float8 AS noted
      FROM charges c LEFT JOIN orders o ON o.id = c.order_id
      GROUP BY c.order_id, CASE WHEN c.order_id IS NULL THEN c.id END
    ) SELECT * FROM sums WHERE captured - returned <> held + open + noted`
}

/** Orders whose columns differ from what their captures and refunds say. */
export function findWrongOrders(db: Database): Promise<{ id: number }[]> {
  return db.$queryRaw<{ id: number }[]>`
    SELECT o.id FROM orders o LEFT JOIN LATERAL (
      SELECT sum(c.amount) FILTER (WHERE c.kind = 'paying') AS paid,
        sum(given.back) FILTER (WHERE c.kind = 'paying') AS back,
        sum(c.amount - given.back) FILTER (
          WHERE (c.kind = 'surplus' OR (c.kind = 'paying' AND o.status = 'cancelled')) AND NOT given.noted) AS due
      FROM captures c CROSS JOIN LATERAL (
        SELECT least(coalesce(sum(r.amount), 0), c.amount) AS back,
          EXISTS (SELECT FROM payment_issues i WHERE i.subject = c.id AND i.resolved_by IS NOT NULL) AS noted
        FROM refunds r WHERE r.capture_id = c.id AND r.status = 'processed') given
      WHERE c.order_id = o.id
    ) m ON true
    WHERE o.refunded_amount <> coalesce(m.back, 0) OR o.due_back <> coalesce(m.due, 0)
      OR (m.paid IS NULL) <> (o.payment_status IN ('pending', 'failed'))
      OR (m.paid IS NOT NULL AND o.payment_status::text <> CASE
        WHEN m.back = m.paid THEN 'refunded' WHEN m.back > 0 THEN 'partially_refunded' ELSE 'paid' END)`
}

/** Our books in the form of the stand-in's. */
export async function readLedger(
  db: Database,
): Promise<Record<string, { captured: number; refunded: number }>> {
  const rows = await db.$queryRaw<{ id: string; captured: number; refunded: number }[]>`
    SELECT c.id, c.amount::float8 AS captured, coalesce(sum(r.amount), 0)::float8 AS refunded
    FROM captures c LEFT JOIN refunds r ON r.capture_id = c.id AND r.status = 'processed'
    WHERE c.method = 'online' GROUP BY c.id`
  return Object.fromEntries(rows.map(({ id, captured, refunded }) => [id, { captured, refunded }]))
}
