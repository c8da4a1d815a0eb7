import type { ChatView, MessageView, OrderView } from '../../src/protocol/views.js'

/** All conversations of the user's theatres, and the messages (oldest first) of those that were opened. */
export interface ChatsState {
  chats: ReadonlyMap<number, ChatView>
  messages: ReadonlyMap<number, readonly MessageView[]>
}

export type ChatsChange =
  | { type: 'snapshot'; theatreId: number; chats: readonly ChatView[] }
  | { type: 'message'; chat: ChatView; message: MessageView }
  | { type: 'history'; chat: number; messages: readonly MessageView[] }
  /** added unless it is in the list */
  | { type: 'added'; chat: ChatView }
  /** replaced if it is in the list */
  | { type: 'updated'; chat: ChatView }
  | { type: 'read'; chat: number }
  | { type: 'left'; theatreId: number }

export const NO_CHATS: ChatsState = { chats: new Map(), messages: new Map() }

/** Both lists as one, each message once, in the order in which they were stored. */
export function mergeMessages(a: readonly MessageView[], b: readonly MessageView[]): MessageView[] {
  const byId = new Map([...a, ...b].map((message) => [message.id, message]))
  return [...byId.values()].sort((x, y) => x.id - y.id)
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> {
  return new Map(map).set(key, value)
}

/** Snapshot + events = state. Pure. */
export function applyChats(state: ChatsState, change: ChatsChange): ChatsState {
  switch (change.type) {
    case 'snapshot': {
      const entries = change.chats.map((chat): [number, ChatView] => [chat.id, chat])
      // the service lists no conversation without messages: one that was opened here stays
      const kept = [...state.chats].filter(
        ([, { theatreId, lastMessage }]) => theatreId !== change.theatreId || lastMessage === null,
      )
      return { ...state, chats: new Map([...kept, ...entries]) }
    }
    case 'message': {
      const known = state.messages.get(change.chat.id)
      return {
        chats: put(state.chats, change.chat.id, change.chat),
        // An unopened conversation stays unloaded; else its history would seem to begin with this message.
        messages: known
          ? put(state.messages, change.chat.id, mergeMessages(known, [change.message]))
          : state.messages,
      }
    }
    case 'history': {
      const known = state.messages.get(change.chat) ?? []
      return { ...state, messages: put(state.messages, change.chat, mergeMessages(known, change.messages)) }
    }
    case 'added':
      return state.chats.has(change.chat.id)
        ? state
        : { ...state, chats: put(state.chats, change.chat.id, change.chat) }
    case 'updated':
      return state.chats.has(change.chat.id)
        ? { ...state, chats: put(state.chats, change.chat.id, change.chat) }
        : state
    case 'read': {
      const chat = state.chats.get(change.chat)
      if (!chat || chat.unread === 0) return state
      return { ...state, chats: put(state.chats, change.chat, { ...chat, unread: 0 }) }
    }
    case 'left': {
      const chats = new Map([...state.chats].filter(([, chat]) => chat.theatreId !== change.theatreId))
      return { chats, messages: new Map([...state.messages].filter(([id]) => chats.has(id))) }
    }
  }
}

function isUnanswered(chat: ChatView): boolean {
  return chat.unread > 0 || chat.lastMessage?.from === 'customer'
}

/** Unanswered conversations first, longest waiting first; then the others, latest first. */
export function unansweredFirst(chats: Iterable<ChatView>): ChatView[] {
  const at = (chat: ChatView): string => chat.lastMessage?.at ?? ''
  return [...chats].sort((a, b) => {
    const waiting = Number(isUnanswered(b)) - Number(isUnanswered(a))
    if (waiting !== 0) return waiting
    return isUnanswered(a) ? at(a).localeCompare(at(b)) : at(b).localeCompare(at(a))
  })
}

export function unreadTotal(chats: Iterable<ChatView>): number {
  let total = 0
  for (const chat of chats) total += chat.unread
  return total
}

/** An order's conversation before its first message: it is in no list of the service. */
export function emptyChat({
  id,
  seat,
  ...theatre
}: Pick<OrderView, 'id' | 'seat' | 'theatreId' | 'timeZone'>): ChatView {
  const { theatreId, timeZone } = theatre
  const zone = timeZone === undefined ? {} : { timeZone }
  return { id, theatreId, ...zone, order: { id, seat }, unread: 0, lastMessage: null }
}
