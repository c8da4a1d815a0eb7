import { managedOrders, visibleOrders } from '../access/order-access.js'
import { Prisma, type Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import type { NewEvent } from '../events/event-log.js'
import type { Principal } from '../principal.js'
import { isId, orderGroup, theatreChat } from '../protocol/groups.js'
import type { ChatMessageData, ChatReadData } from '../protocol/views.js'
import { type ChatRecord, type MessageRecord, readChats } from './chat-queries.js'
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
  const text = cleanText(given.text)
  const clientId = checkClientId(given.clientId)
  const work = async (tx: Transaction): Promise<Outcome<SentMessage>> => {
    const from = await lockChat(tx, principal, chatId)
    const sent = { orderId: chatId, senderId: principal.userId, clientId }
    const stored = await tx.chatMessage.findUnique({
      where: { orderId_senderId_clientId: sent },
      select: messageFields,
    })
    if (stored) return { result: { message: stored, created: false } }
    const message = await tx.chatMessage.create({ data: { ...sent, from, text }, select: messageFields })
    if (from === 'staff') await moveReadUpTo(tx, chatId, message.id)
    return { result: { message, created: true }, events: messageEvents(await readChat(tx, chatId), message) }
  }
  return await commit(ctx, work, { queueKey: orderGroup(chatId) })
}

const messageFields = { id: true, from: true, text: true, clientId: true, at: true } as const

/**
 * Locks the order's row until the commit, so that the ids of its messages rise in the order of its events: paging,
 * unread counts and clients rely on it. Returns the side that the principal writes for.
 */
async function lockChat(
  tx: Transaction,
  principal: Principal,
  chatId: number,
): Promise<'customer' | 'staff'> {
  const [order] = await tx.$queryRaw<{ customerId: number }[]>`
    SELECT o.customer_id AS "customerId" FROM orders o
    WHERE o.id = ${chatId}::int AND ${visibleOrders(principal)} FOR NO KEY UPDATE`
  if (!order) throw notFound('chat')
  return order.customerId === principal.userId ? 'customer' : 'staff'
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
  const work = async (tx: Transaction): Promise<Outcome<void>> => {
    const [locked] = await tx.$queryRaw<{ readUpTo: number }[]>`
      SELECT o.staff_read_up_to AS "readUpTo" FROM orders o
      WHERE o.id = ${chatId}::int AND ${managedOrders(principal)} FOR NO KEY UPDATE`
    if (!locked) throw notFound('chat')
    const before = await readChat(tx, chatId)
    const target = Math.min(upTo ?? Number.POSITIVE_INFINITY, before.lastMessage?.id ?? 0)
    if (before.unread === 0 || target <= locked.readUpTo) return { result: undefined }
    await moveReadUpTo(tx, chatId, target)
    const chat = await readChat(tx, chatId)
    if (chat.unread === before.unread) return { result: undefined }
    const data: ChatReadData = { chat: chatId, conversation: viewChat(chat) }
    return {
      result: undefined,
      events: [{ group: theatreChat(chat.theatreId), name: 'chat.read', data }],
    }
  }
  await commit(ctx, work, { queueKey: orderGroup(chatId) })
}

async function readChat(tx: Transaction, chatId: number): Promise<ChatRecord> {
  const [chat] = await readChats(tx, Prisma.sql`o.id = ${chatId}::int`)
  if (!chat) throw new Error(`conversation ${chatId} is missing in its own transaction`)
  return chat
}

async function moveReadUpTo(tx: Transaction, chatId: number, messageId: number): Promise<void> {
  await tx.order.update({
    where: { id: chatId },
    data: { staffReadUpTo: messageId },
    select: { id: true },
  })
}
