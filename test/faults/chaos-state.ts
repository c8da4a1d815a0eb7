import type { ChatView, MessageView, OrderView } from '../../src/protocol/views.js'

export interface GroupState {
  orders?: OrderView[]
  chats?: ChatView[]
  order?: OrderView | null
  messages?: MessageView[]
}

export function comparable(state: GroupState): string {
  if (state.orders) return JSON.stringify([...state.orders].sort((a, b) => a.id - b.id))
  if (!state.chats) return JSON.stringify([state.order, state.messages])
  return JSON.stringify(
    [...state.chats].sort((a, b) => (b.lastMessage?.id ?? 0) - (a.lastMessage?.id ?? 0)).slice(0, 200),
  )
}
