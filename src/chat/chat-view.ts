import type { ChatView, MessageView } from '../live/protocol.js'
import type { ChatRecord, MessageRecord } from './chat-queries.js'

/** Says which side spoke, never who: customers learn no staff's name. */
export function viewMessage({ id, from, text, at, clientId }: MessageRecord): MessageView {
  return { id, from, text, at: at.toISOString(), clientId }
}

/** What the customer knows of a conversation. */
export type CustomerChatView = Pick<ChatView, 'id' | 'order' | 'theatreId'>

export function viewCustomerChat(chat: ChatRecord): CustomerChatView {
  const seat = { id: chat.seatId, name: chat.seatName, hall: chat.hallName }
  return { id: chat.id, order: { id: chat.id, status: chat.status, seat }, theatreId: chat.theatreId }
}

/** The conversation as staff see it, with what they have not read. */
export function viewChat(chat: ChatRecord): ChatView {
  return {
    ...viewCustomerChat(chat),
    unread: chat.unread,
    lastMessage: chat.lastMessage && viewMessage(chat.lastMessage),
  }
}
