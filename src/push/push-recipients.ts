import { isLive, type SessionSettings } from '../accounts/sessions.js'
import type { Database } from '../database/client.js'
import type { StoredEvent } from '../events/event-log.js'
import { readGroup } from '../protocol/groups.js'
import type { PushKind } from '../protocol/push-message.js'
import type { PushAddress } from './push-endpoint.js'

/** What somebody may want to know, of one order. */
export interface Notice {
  kind: PushKind
  orderId: number
}

/** One browser to which a notice goes. */
export interface Recipient extends PushAddress {
  notice: Notice
  subscriptionId: number
  language: string
}

const KIND_BY_EVENT: Partial<Record<StoredEvent['name'], PushKind>> = {
  'order.confirmed': 'new-order',
  'order.delivered': 'on-its-way',
  'order.restored': 'not-yet',
  'order.cancelled': 'cancelled',
  'payment.refunded': 'refunded',
}

/** The notices of a commit's events; of one order only the last of each topic. */
export function noticesOf(events: readonly StoredEvent[]): Notice[] {
  return events.flatMap((event) => {
    // each event is in the group of its theatre as well
    const group = readGroup(event.group)
    if (group?.kind !== 'order') return []
    const kind = event.name === 'chat.message' ? kindOfMessage(event.data) : KIND_BY_EVENT[event.name]
    return kind ? [{ kind, orderId: group.orderId }] : []
  })
}

function kindOfMessage(data: string): PushKind | undefined {
  const { message } = JSON.parse(data) as { message: { from: string } }
  return message.from === 'staff' ? 'answer' : undefined
}

interface Row {
  kind: PushKind
  orderId: number
  subscriptionId: number
  endpoint: string
  p256dh: string
  auth: string
  language: string
}

/**
 * The browsers that notices go to, by what holds now: live sessions of users who may see the order, and only what is still
 * true of it. `only`: none but this subscription.
 */
export async function findRecipients(
  db: Database,
  notices: readonly Notice[],
  settings: SessionSettings,
  only: number | null = null,
): Promise<Recipient[]> {
  const kinds = notices.map(({ kind }) => kind)
  const orderIds = notices.map(({ orderId }) => orderId)
  const rows = await db.$queryRaw<Row[]>`
    WITH notices AS (
      SELECT DISTINCT n.kind, o.id AS order_id, o.customer_id, o.theatre_id, h.name AS hall
      FROM unnest(${kinds}::text[], ${orderIds}::int[]) AS n (kind, order_id)
      JOIN orders o ON o.id = n.order_id JOIN seats e ON e.id = o.seat_id JOIN halls h ON h.id = e.hall_id
      WHERE CASE n.kind WHEN 'new-order' THEN o.status = 'confirmed' WHEN 'on-its-way' THEN o.status = 'delivered'
        WHEN 'not-yet' THEN o.status IN ('confirmed', 'seen') WHEN 'cancelled' THEN o.status = 'cancelled' ELSE true END
    ), live AS (
      SELECT p.*, u.id AS user_id, u.role FROM push_subscriptions p
      JOIN sessions s ON s.id = p.session_id JOIN users u ON u.id = s.user_id
      WHERE u.is_active AND ${isLive(settings)} AND (${only}::int IS NULL OR p.id = ${only}::int)
        AND (p.for_staff OR u.id IN (SELECT customer_id FROM notices))
    )
    SELECT n.kind, n.order_id AS "orderId", l.id AS "subscriptionId", l.endpoint, l.p256dh, l.auth, l.language
    FROM notices n JOIN live l ON CASE WHEN n.kind = 'new-order'
      THEN l.for_staff AND (l.theatre_id IS NULL OR l.theatre_id = n.theatre_id) AND (l.hall IS NULL OR l.hall = n.hall)
        AND (l.role = 'admin' OR l.role = 'staff' AND EXISTS (
          SELECT FROM staff_theatres st WHERE st.user_id = l.user_id AND st.theatre_id = n.theatre_id))
      ELSE NOT l.for_staff AND l.user_id = n.customer_id
        AND (cardinality(l.order_ids) = 0 OR n.order_id = ANY(l.order_ids))
    END`
  return rows.map(({ kind, orderId, subscriptionId, endpoint, p256dh, auth, language }) => ({
    notice: { kind, orderId },
    subscriptionId,
    endpoint,
    keys: { p256dh, auth },
    language,
  }))
}
