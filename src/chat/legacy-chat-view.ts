import { formatLegacyTime } from '../orders/legacy-time.js'
import type { ChatRecord, MessageRecord } from './chat-queries.js'

// What the theatres' existing chat page reads; the spellings are theirs.

/**
 * What the page knows a conversation by: the order's phone number. Orders without one are still conversations; the
 * page hands the word back as it got it.
 */
export function legacyPhone({ phone, id }: Pick<ChatRecord, 'phone' | 'id'>): string {
  return phone ?? `order-${id}`
}

/** The order of a `legacyPhone` that is no phone number; null for all others. */
export function readOrderPhone(phone: string): string | null {
  return /^order-([1-9][0-9]{0,9})$/.exec(phone)?.[1] ?? null
}

export interface LegacyMessage {
  msg_type: 'INCOMING' | 'OUTGOING'
  message: string
  msg_time: string
}

export function viewLegacyMessage({ from, text, at }: MessageRecord, timeZone: string): LegacyMessage {
  return {
    msg_type: from === 'customer' ? 'INCOMING' : 'OUTGOING',
    message: text,
    msg_time: formatLegacyTime(at, timeZone, ' '),
  }
}

function place(chat: ChatRecord) {
  return {
    phone_number: legacyPhone(chat),
    theatre_id: chat.theatreId,
    theatre_name: chat.theatreName,
    hall_name: chat.hallName,
    seat_id: chat.seatId,
    seat_name: chat.seatName,
    pk: chat.id,
  }
}

/** The frame of a new message, either way. */
export function viewLegacyMessageFrame(chat: ChatRecord, message: MessageRecord): object {
  const message_data = viewLegacyMessage(message, chat.timeZone)
  return {
    'data-contains': 'new-outgoing-message',
    ...place(chat),
    msg_time: message_data.msg_time,
    message_data,
  }
}

/** The answer to `get-user-messages`; `messages` come newest first. */
export function viewLegacyHistory(phone: string, messages: readonly LegacyMessage[]): object {
  return { 'data-contains': 'phone-number-messages', 'phone-number': phone, messages }
}

/**
 * The answer of `chat-users`. `chats` come the last spoken first: of several with one phone number, the page gets
 * the first.
 */
export function viewLegacyChatUsers(chats: readonly ChatRecord[]): Record<string, object> {
  const users: Record<string, object> = {}
  for (const chat of chats) {
    users[`phone-${legacyPhone(chat)}`] ??= {
      ...place(chat),
      reply_required: chat.lastMessage?.from === 'customer',
      continue_chat: true,
      msg_time: formatLegacyTime(chat.lastMessage?.at ?? chat.createdAt, chat.timeZone, ' '),
      user_messages: [],
    }
  }
  return users
}
