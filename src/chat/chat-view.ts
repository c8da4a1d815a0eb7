import type { ChatView, MessageView } from '../protocol/views.js'
import type { ChatRecord, MessageRecord } from './chat-queries.js'

/** Names the side, never the person: customers don't see who of the staff wrote. */
export function viewMessage({ id, from, text, at, clientId }: MessageRecord): MessageView {
  return { id, from, text, at: at.toISOString(), clientId }
}

/** A conversation as staff see it, with its unread count. */
export function viewChat(chat: ChatRecord): ChatView {
  return {
    id: chat.id,
    order: { id: chat.id, seat: { id: chat.seatId, name: chat.seatName, hall: chat.hallName } },
    theatreId: chat.theatreId,
    timeZone: chat.timeZone,
    unread: chat.unread,
    lastMessage: chat.lastMessage && viewMessage(chat.lastMessage),
  }
}
