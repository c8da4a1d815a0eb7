import { recentMessages } from '../chat/chat-queries.js'
import { viewMessage } from '../chat/chat-view.js'
import { Prisma, type Transaction } from '../database/client.js'
import type { MessageView, OrderView } from '../protocol/views.js'
import { listLiveOrders } from './order-queries.js'
import { readOrders } from './order-record.js'
import { viewOrder } from './order-view.js'

/** The state of a theatre's orders group: its live orders, oldest first. */
export async function theatreOrdersSnapshot(
  tx: Transaction,
  theatreId: number,
): Promise<{ orders: OrderView[] }> {
  return { orders: (await listLiveOrders(tx, theatreId)).map(viewOrder) }
}

/**
 * The state of an order's group: the order and its last 50 messages, oldest first (older ones by page, over HTTP).
 * The order is null when there is none; no guard lets anybody ask then.
 */
export async function orderSnapshot(
  tx: Transaction,
  orderId: number,
): Promise<{ order: OrderView | null; messages: MessageView[] }> {
  const [order] = await readOrders(tx, Prisma.sql`o.id = ${orderId}::int`)
  const { messages } = await recentMessages(tx, orderId)
  return { order: order ? viewOrder(order) : null, messages: messages.map(viewMessage) }
}
