import { randomUUID } from 'node:crypto'
import { managedChats } from '../access/chat-access.js'
import { type Database, Prisma, type Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import { readId } from '../http/request-target.js'
import type { ActionContext } from '../live/commit.js'
import type { Principal } from '../principal.js'
import { sendMessage } from './chat-actions.js'
import { type ChatRecord, type MessageRecord, readChats, recentChats } from './chat-queries.js'
import { isText } from './chat-text.js'
import { readOrderPhone, viewLegacyHistory, viewLegacyMessage } from './legacy-chat-view.js'

const MESSAGES = 200
const MAX_PHONE = 40

/** The recent conversations of a phone number in the theatres that the principal runs, the last spoken first. */
async function findByPhone(
  db: Database | Transaction,
  principal: Principal,
  phone: string,
): Promise<ChatRecord[]> {
  if (phone.length > MAX_PHONE || !isText(phone)) return []
  const named = readOrderPhone(phone)
  const orderId = named === null ? null : readId(named)
  const which = orderId === null ? Prisma.sql`o.phone = ${phone}` : Prisma.sql`o.id = ${orderId}::int`
  return await readChats(db, Prisma.sql`${managedChats(principal)} AND ${which} AND ${recentChats}`)
}

/** The answer to the legacy page's `get-user-messages`: empty for a number that nobody of theirs has. */
export async function readLegacyHistory(
  db: Database | Transaction,
  principal: Principal,
  phone: string,
): Promise<object> {
  const chats = await findByPhone(db, principal, phone)
  const zones = new Map(chats.map(({ id, timeZone }) => [id, timeZone]))
  const messages: (MessageRecord & { orderId: number })[] = await db.chatMessage.findMany({
    where: { orderId: { in: [...zones.keys()] } },
    select: { id: true, orderId: true, from: true, text: true, clientId: true, at: true },
    orderBy: { id: 'desc' },
    take: MESSAGES,
  })
  return viewLegacyHistory(
    phone,
    messages.map((message) => viewLegacyMessage(message, zones.get(message.orderId) ?? 'UTC')),
  )
}

/**
 * Answers whoever ordered with a phone number, in the latest of their orders. Throws `not_found` when there is no
 * recent one in the principal's theatres, and as `sendMessage` does.
 */
export async function sendToPhone(
  ctx: ActionContext,
  principal: Principal,
  phone: string,
  text: string,
): Promise<void> {
  const chats = await findByPhone(ctx.db, principal, phone)
  if (chats.length === 0) throw notFound('phone number')
  const chat = Math.max(...chats.map(({ id }) => id))
  await sendMessage(ctx, principal, { chat, text, clientId: randomUUID() })
}
