import { staffOrders, visibleOrders } from '../access/order-access.js'
import { Prisma, type Queryable } from '../database/client.js'
import { notFound } from '../errors.js'
import { type ActionContext, commitRaw, type Outcome } from '../events/commit.js'
import type { NewEvent } from '../events/event-log.js'
import type { Principal } from '../principal.js'
import { isId, orderGroup, theatreChat } from '../protocol/groups.js'
import type { ChatMessageData, ChatReadData } from '../protocol/views.js'
import { type ChatRecord, changeChat, type MessageRecord } from './chat-queries.js'
import { checkClientId, cleanText } from './chat-text.js'
import { viewChat, viewMessage } from './chat-view.js'

export interface NewMessage {
  /** the order's id */
  chat: number
  text: string
  /** chosen by the client; a message sent again with the same id is stored once */
  clientId: string
}

export interface SentMessage {
  message: MessageRecord
  /** false: it had already been stored with the same `clientId` */
  created: boolean
}

/**
 * Sends a message in an order's conversation, as the customer if the principal owns the order, else as staff. Access
 * is checked for each message. If the sender has already used the `clientId`, the message stored then is returned. A
 * message from staff marks all earlier ones as read.
 *
 * Throws `validation_failed`, and `not_found` for a conversation that the principal may not see, as for a missing
 * one.
 */
export async function sendMessage(
  ctx: ActionContext,
  principal: Principal,
  { chat: chatId, ...given }: NewMessage,
): Promise<SentMessage> {
  if (!isId(chatId)) throw notFound('chat')
  const message = { text: cleanText(given.text), clientId: checkClientId(given.clientId) }
  const work = async (tx: Queryable): Promise<Outcome<SentMessage>> => {
    const chat = await storeMessage(tx, principal, chatId, message)
    if (!chat) throw notFound('chat')
    const { lastMessage } = chat
    if (!lastMessage) throw new AlreadyStored()
    return { result: { message: lastMessage, created: true }, events: messageEvents(chat, lastMessage) }
  }
  try {
    return await commitRaw(ctx, work, { queueKey: orderGroup(chatId) })
  } catch (error) {
    if (!(error instanceof AlreadyStored)) throw error
    return { message: await readStored(ctx, principal, chatId, message.clientId), created: false }
  }
}

/** The `clientId` was used before: rolls back what the statement has changed. */
class AlreadyStored extends Error {}

async function readStored(
  ctx: ActionContext,
  { userId }: Principal,
  chatId: number,
  clientId: string,
): Promise<MessageRecord> {
  return await ctx.db.chatMessage.findUniqueOrThrow({
    where: { orderId_senderId_clientId: { orderId: chatId, senderId: userId, clientId } },
    select: { id: true, from: true, text: true, clientId: true, at: true },
  })
}

/**
 * Stores a message and returns its conversation; null if the principal sees none, without a last message if the `clientId` was
 * used before. The update locks the order's row until the commit, and ids are taken under that lock, so that they rise
 * in the order of the events: paging, unread counts and clients rely on it.
 */
function storeMessage(
  tx: Queryable,
  principal: Principal,
  chatId: number,
  { text, clientId }: { text: string; clientId: string },
): Promise<ChatRecord | null> {
  const { userId } = principal
  const isCustomer = Prisma.sql`o.customer_id = ${userId}::int`
  return changeChat(
    tx,
    Prisma.sql`
      UPDATE orders AS o SET
        unread_messages = CASE WHEN ${isCustomer} THEN o.unread_messages + 1 ELSE 0 END,
        staff_read_up_to = CASE WHEN ${isCustomer} THEN o.staff_read_up_to ELSE nextval('chat_messages_id_seq') END
      WHERE o.id = ${chatId}::int AND ${visibleOrders(principal)}`,
    Prisma.sql`
      INSERT INTO chat_messages (id, order_id, sender, sender_id, text, client_id)
      SELECT CASE WHEN ${isCustomer} THEN nextval('chat_messages_id_seq') ELSE o.staff_read_up_to END, o.id,
        CASE WHEN ${isCustomer} THEN 'customer' ELSE 'staff' END::chat_sender, ${userId}::int, ${text}, ${clientId}
      FROM changed o
      ON CONFLICT (order_id, sender_id, client_id) DO NOTHING
      RETURNING *`,
  )
}

function messageEvents(chat: ChatRecord, record: MessageRecord): NewEvent[] {
  const name = 'chat.message'
  const message = viewMessage(record)
  const data: ChatMessageData = { chat: chat.id, message }
  return [
    { group: theatreChat(chat.theatreId), name, data: { ...data, conversation: viewChat(chat) } },
    { group: orderGroup(chat.id), name, data },
  ]
}

/**
 * Marks a conversation as read by the staff, up to a message or as a whole; never moves back. Throws `not_found` for a
 * conversation of another theatre, as for a missing one.
 */
export async function markChatRead(
  ctx: ActionContext,
  principal: Principal,
  chatId: number,
  upTo: number | null = null,
): Promise<void> {
  const work = async (tx: Queryable): Promise<Outcome<void>> => {
    const [locked] = await tx.$queryRaw<{ unread: number; readUpTo: number }[]>`
      SELECT o.unread_messages AS unread, o.staff_read_up_to AS "readUpTo" FROM orders o
      WHERE o.id = ${chatId}::int AND ${staffOrders(principal)} FOR NO KEY UPDATE`
    if (!locked) throw notFound('chat')
    if (locked.unread === 0) return { result: undefined }
    const chat = await moveReadUpTo(tx, chatId, upTo)
    if (!chat || chat.unread === locked.unread) return { result: undefined }
    const data: ChatReadData = { chat: chatId, conversation: viewChat(chat) }
    return {
      result: undefined,
      events: [{ group: theatreChat(chat.theatreId), name: 'chat.read', data }],
    }
  }
  await commitRaw(ctx, work, { queueKey: orderGroup(chatId) })
}

/** Moves the staff's reading position on to a message, or to the last one; null if it is there or beyond. */
function moveReadUpTo(tx: Queryable, chatId: number, upTo: number | null): Promise<ChatRecord | null> {
  const last = Prisma.sql`(SELECT max(c.id) FROM chat_messages c WHERE c.order_id = ${chatId}::int)`
  const target = Prisma.sql`least(${upTo}::int, ${last})`
  return changeChat(
    tx,
    Prisma.sql`
      UPDATE orders AS o SET staff_read_up_to = ${target}, unread_messages = (
        SELECT count(*) FROM chat_messages c
        WHERE c.order_id = o.id AND c.sender = 'customer' AND c.id > ${target})
      WHERE o.id = ${chatId}::int AND o.staff_read_up_to < ${target}`,
    Prisma.sql`SELECT c.* FROM chat_messages c WHERE c.order_id = ${chatId}::int ORDER BY c.id DESC LIMIT 1`,
  )
}
