import type { ChatView, MessageView } from '../protocol/views.js'
import type { ChatRecord, MessageRecord } from './chat-queries.js'

/** Says which side spoke, never who: customers learn no staff's name. */
export function viewMessage({ id, from, text, at, clientId }: MessageRecord): MessageView {
  return { id, from, text, at: at.toISOString(), clientId }
}

/** The conversation as staff see it, with what they have not read. */
export function viewChat(chat: ChatRecord): ChatView {
  return {
    id: chat.id,
    order: { id: chat.id, seat: { id: chat.seatId, name: chat.seatName, hall: chat.hallName } },
    theatreId: chat.theatreId,
    unread: chat.unread,
    lastMessage: chat.lastMessage && viewMessage(chat.lastMessage),
  }
}
