import { listChats, recentMessages } from './chat/chat-queries.js'
import { viewChat, viewMessage } from './chat/chat-view.js'
import { type Database, Prisma, type Transaction } from './database/client.js'
import { readHeads } from './events/event-log.js'
import { listLiveOrders } from './orders/order-queries.js'
import { readOrders } from './orders/order-record.js'
import { viewOrder } from './orders/order-view.js'
import { type GroupName, readGroup } from './protocol/groups.js'
import type { ChatView, MessageView, OrderView } from './protocol/views.js'

/** A group's state, as of its event `seq` and as of the access epoch. */
export interface Snapshot {
  seq: number
  epoch: number
  /** JSON text */
  data: string
}

/**
 * Reads a group's state, its counter and the access epoch in one repeatable-read transaction: at read committed
 * another change could commit between the statements.
 */
export async function readSnapshot(db: Database, group: GroupName): Promise<Snapshot> {
  return await db.$transaction(
    async (tx) => {
      const { seqs, epoch } = await readHeads(tx, [group])
      return { seq: seqs.get(group) ?? 0, epoch, data: JSON.stringify(await readState(tx, group)) }
    },
    { isolationLevel: 'RepeatableRead' },
  )
}

async function readState(tx: Transaction, group: GroupName): Promise<unknown> {
  const parts = readGroup(group)
  switch (parts?.kind) {
    case 'theatre-orders':
      return readTheatreOrders(tx, parts.theatreId)
    case 'theatre-chat':
      return readTheatreChats(tx, parts.theatreId)
    case 'order':
      return readOrderState(tx, parts.orderId)
    default:
      throw new Error(`not a group: ${group}`)
  }
}

/** `theatre:{id}:orders`: the theatre's live orders, oldest first. */
export async function readTheatreOrders(
  tx: Transaction,
  theatreId: number,
): Promise<{ orders: OrderView[] }> {
  return { orders: (await listLiveOrders(tx, theatreId)).map(viewOrder) }
}

/** `theatre:{id}:chat`: the theatre's recent conversations, most recently active first, at most 200. */
export async function readTheatreChats(tx: Transaction, theatreId: number): Promise<{ chats: ChatView[] }> {
  return { chats: (await listChats(tx, theatreId)).map(viewChat) }
}

/**
 * `order:{id}`: the order and its last 50 messages, oldest first; older ones come by page, over HTTP. The order is null
 * when there is none, but then no guard lets anyone subscribe.
 */
export async function readOrderState(
  tx: Transaction,
  orderId: number,
): Promise<{ order: OrderView | null; messages: MessageView[] }> {
  const [order] = await readOrders(tx, Prisma.sql`o.id = ${orderId}::int`)
  const { messages } = await recentMessages(tx, orderId)
  return { order: order ? viewOrder(order) : null, messages: messages.map(viewMessage) }
}
