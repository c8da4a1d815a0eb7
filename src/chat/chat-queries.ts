import { visibleOrders } from '../access/order-access.js'
import { type Database, Prisma, type Queryable, type Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { orderJoins } from '../orders/order-record.js'
import type { Principal } from '../principal.js'

export interface MessageRecord {
  id: number
  from: 'customer' | 'staff'
  text: string
  clientId: string
  at: Date
}

/** A conversation: its order, the seat and the last message. */
export interface ChatRecord {
  /** the order's id */
  id: number
  theatreId: number
  theatreName: string
  timeZone: string
  seatId: number
  seatName: string
  hallName: string
  phone: string | null
  createdAt: Date
  /** messages of the customer that no staff member has read */
  unread: number
  /** null: no messages yet */
  lastMessage: MessageRecord | null
}

/** messages per page, and in an order's snapshot */
const PAGE_SIZE = 50
/** conversations per list */
const MAX_CHATS = 200

interface ChatRow extends Omit<ChatRecord, 'lastMessage'> {
  messageId: number | null
  messageFrom: 'customer' | 'staff' | null
  messageText: string | null
  messageClientId: string | null
  messageAt: Date | null
}

/** Reads conversations in one statement. `where` is a condition on the order `o` and its last message `m`. */
async function readChats(db: Queryable, where: Prisma.Sql): Promise<ChatRecord[]> {
  const rows = await db.$queryRaw<ChatRow[]>`
    ${chatColumns}
    FROM orders o ${orderJoins}
    LEFT JOIN LATERAL (
      SELECT c.* FROM chat_messages c WHERE c.order_id = o.id ORDER BY c.id DESC LIMIT 1) AS m ON true
    WHERE ${where}
    ORDER BY o.unread_messages > 0 DESC, coalesce(m.id, 0) DESC, o.id DESC LIMIT ${MAX_CHATS}::int`
  return rows.map(toRecord)
}

/**
 * Changes a conversation and reads it back in the same statement; null if no row was changed. `update` is an UPDATE of one row of
 * `orders` with the alias `o`, without RETURNING. `message` is a query of the conversation's last message, which may be an
 * INSERT that refers to the changed row as `changed`.
 */
export async function changeChat(
  tx: Queryable,
  update: Prisma.Sql,
  message: Prisma.Sql,
): Promise<ChatRecord | null> {
  const [row] = await tx.$queryRaw<ChatRow[]>`
    WITH changed AS (${update} RETURNING o.*), m AS (${message})
    ${chatColumns} FROM changed o ${orderJoins} LEFT JOIN m ON true`
  return row ? toRecord(row) : null
}

const chatColumns = Prisma.sql`
    SELECT o.id, o.theatre_id AS "theatreId", t.name AS "theatreName",
      t.time_zone AS "timeZone", o.seat_id AS "seatId", s.name AS "seatName", h.name AS "hallName", o.phone,
      o.created_at AS "createdAt",
      o.unread_messages AS unread,
      m.id AS "messageId", m.sender::text AS "messageFrom", m.text AS "messageText",
      m.client_id AS "messageClientId", m.at AS "messageAt"`

function toRecord({
  messageId,
  messageFrom,
  messageText,
  messageClientId,
  messageAt,
  ...chat
}: ChatRow): ChatRecord {
  const lastMessage =
    messageId === null || !messageFrom || messageText === null || messageClientId === null || !messageAt
      ? null
      : { id: messageId, from: messageFrom, text: messageText, clientId: messageClientId, at: messageAt }
  return { ...chat, lastMessage }
}

/** Condition on the order `o`: still live, or placed within the last day. */
const recentChats = Prisma.sql`(o.status IN ('placed', 'confirmed', 'seen') OR o.created_at > now() - interval '1 day')`

/** A theatre's recent conversations that have messages, at most 200: unread ones first, then the most recently active. */
export function listChats(db: Queryable, theatreId: number): Promise<ChatRecord[]> {
  return readChats(db, Prisma.sql`o.theatre_id = ${theatreId}::int AND m.id IS NOT NULL AND ${recentChats}`)
}

export interface MessagePage {
  /** oldest first */
  messages: MessageRecord[]
  /** older messages exist */
  more: boolean
}

/** The last 50 messages of a conversation, or the last 50 before the message `before`. */
export async function recentMessages(
  db: Database | Transaction,
  orderId: number,
  before: number | null = null,
): Promise<MessagePage> {
  const found = await db.chatMessage.findMany({
    where: before === null ? { orderId } : { orderId, id: { lt: before } },
    select: { id: true, from: true, text: true, clientId: true, at: true },
    orderBy: { id: 'desc' },
    take: PAGE_SIZE + 1,
  })
  return { messages: found.slice(0, PAGE_SIZE).reverse(), more: found.length > PAGE_SIZE }
}

interface MessageRow extends MessageRecord {
  orderId: number
}

/** The last 50 messages of each of these conversations, oldest first; without messages it is missing. */
export async function lastMessages(
  tx: Queryable,
  orderIds: readonly number[],
): Promise<Map<number, MessageRecord[]>> {
  const rows = await tx.$queryRaw<MessageRow[]>`
    SELECT m.order_id AS "orderId", m.id, m.sender::text AS "from", m.text, m.client_id AS "clientId", m.at
    FROM unnest(${[...orderIds]}::int[]) AS o (id)
    CROSS JOIN LATERAL (
      SELECT c.* FROM chat_messages c WHERE c.order_id = o.id ORDER BY c.id DESC LIMIT ${PAGE_SIZE}::int) AS m
    ORDER BY m.id`
  const found = new Map<number, MessageRecord[]>()
  for (const { orderId, ...message } of rows) {
    const messages = found.get(orderId)
    if (messages) messages.push(message)
    else found.set(orderId, [message])
  }
  return found
}

/** A page of a conversation that the principal may see. Throws `not_found` for any other, as for a missing one. */
export async function listMessages(
  db: Database,
  principal: Principal,
  chatId: number,
  before: number | null,
): Promise<MessagePage> {
  const found = await db.$queryRaw<unknown[]>`
    SELECT o.id FROM orders o WHERE o.id = ${chatId}::int AND ${visibleOrders(principal)}`
  if (found.length === 0) throw notFound('chat')
  return await recentMessages(db, chatId, before)
}
