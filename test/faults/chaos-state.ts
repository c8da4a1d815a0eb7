import type { ChatView, MessageView, OrderView } from '../../src/live/protocol.js'

export interface GroupState {
  orders?: OrderView[]
  chats?: ChatView[]
  order?: OrderView | null
  messages?: MessageView[]
}

/** A conversation shows its order's status as of its last message: other groups tell of orders. */
export function comparable(state: GroupState): string {
  if (state.orders) return JSON.stringify([...state.orders].sort((a, b) => a.id - b.id))
  if (!state.chats) return JSON.stringify([state.order, state.messages])
  const chats = [...state.chats]
    .sort((a, b) => (b.lastMessage?.id ?? 0) - (a.lastMessage?.id ?? 0))
    .slice(0, 200)
  return JSON.stringify(chats.map(({ order: { status: _, ...order }, ...chat }) => ({ ...chat, order })))
}
