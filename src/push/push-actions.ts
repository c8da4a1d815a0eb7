import { ownOrders } from '../access/order-access.js'
import { requireTheatre } from '../access/theatre-access.js'
import type { Caller } from '../accounts/sessions.js'
import { Prisma, type Transaction } from '../database/client.js'
import { conflict, notFound, unauthenticated } from '../errors.js'
import { type ActionContext, commit } from '../events/commit.js'
import type { PushAddress } from './push-endpoint.js'

/** What a subscription is for. Staff: new orders of a theatre; customers: their own orders. */
export interface PushScope {
  /** the one order that it is for; null: all of the user's */
  orderId: number | null
  /** null: all of the user's theatres */
  theatreId: number | null
  /** null: all halls */
  hall: string | null
  /** of the texts */
  language: string
}

const MAX_PER_SESSION = 5
/** orders that one subscription names, the latest */
const MAX_ORDERS = 50

/**
 * Subscribes the caller's session. A browser's endpoint belongs to one session, the last that named it, so that no browser
 * is sent what an earlier user of it has asked for. A further order is added to those that the session has named.
 *
 * Throws `not_found` for another's order, `forbidden` for another theatre, and 409 `too_many_subscriptions`.
 */
export async function subscribe(
  ctx: ActionContext,
  { principal, session }: Caller,
  { endpoint, keys }: PushAddress,
  { orderId, theatreId, hall, language }: PushScope,
): Promise<void> {
  const forStaff = principal.role !== 'customer' && orderId === null
  if (theatreId !== null) await requireTheatre(ctx.db, principal, theatreId)
  const orderIds = orderId === null ? [] : [orderId]
  await commit(ctx, async (tx) => {
    // so that two calls at once don't both find room
    const live = await tx.$queryRaw<object[]>`
      SELECT 1 FROM sessions s WHERE s.id = ${session.id}::uuid FOR NO KEY UPDATE`
    if (live.length === 0) throw unauthenticated()
    const others = { sessionId: session.id, NOT: { endpoint } }
    if ((await tx.pushSubscription.count({ where: others })) >= MAX_PER_SESSION) {
      throw conflict('too_many_subscriptions', `A session has at most ${MAX_PER_SESSION} subscriptions.`)
    }
    if (orderId !== null) await requireOwnOrder(tx, orderId, ownOrders(principal))
    await tx.$executeRaw`
      INSERT INTO push_subscriptions AS p
        (session_id, endpoint, p256dh, auth, language, order_ids, for_staff, theatre_id, hall)
      VALUES (${session.id}::uuid, ${endpoint}, ${keys.p256dh}, ${keys.auth}, ${language}, ${orderIds}::int[],
        ${forStaff}, ${theatreId}::int, ${hall})
      ON CONFLICT (endpoint) DO UPDATE SET session_id = excluded.session_id, p256dh = excluded.p256dh,
        auth = excluded.auth, language = excluded.language, for_staff = excluded.for_staff,
        theatre_id = excluded.theatre_id, hall = excluded.hall, created_at = now(),
        order_ids = CASE
          WHEN p.session_id <> excluded.session_id OR p.for_staff OR cardinality(excluded.order_ids) = 0 THEN excluded.order_ids
          WHEN cardinality(p.order_ids) = 0 THEN p.order_ids
          ELSE (excluded.order_ids || array_remove(p.order_ids, ${orderId}::int))[1:${MAX_ORDERS}::int]
        END`
    return { result: undefined }
  })
}

async function requireOwnOrder(tx: Transaction, orderId: number, isOwn: Prisma.Sql): Promise<void> {
  const rows = await tx.$queryRaw<object[]>`SELECT 1 FROM orders o WHERE o.id = ${orderId}::int AND ${isOwn}`
  if (rows.length === 0) throw notFound('order')
}

/** Ends a subscription of the caller's session, or with `orderId` what it does for that order. Another's stays. */
export async function unsubscribe(
  ctx: ActionContext,
  { session }: Caller,
  endpoint: string,
  orderId: number | null,
): Promise<void> {
  const own = Prisma.sql`session_id = ${session.id}::uuid AND endpoint = ${endpoint}`
  if (orderId === null) {
    await ctx.db.$executeRaw`DELETE FROM push_subscriptions WHERE ${own}`
    return
  }
  await ctx.db.$transaction([
    ctx.db.$executeRaw`DELETE FROM push_subscriptions WHERE ${own} AND order_ids = ARRAY[${orderId}::int]`,
    ctx.db
      .$executeRaw`UPDATE push_subscriptions SET order_ids = array_remove(order_ids, ${orderId}::int) WHERE ${own}`,
  ])
}
