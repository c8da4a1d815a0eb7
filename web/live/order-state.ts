import type { MessageView, OrderView } from '../../src/protocol/views.js'
import { mergeMessages } from './chats-state.js'
import { isOlder } from './order-facts.js'

/** State of a customer's order page: one order and its conversation (oldest first). */
export interface OrderState {
  order: OrderView | null
  messages: readonly MessageView[]
}

export type OrderChange =
  | { type: 'snapshot'; order: OrderView; messages: readonly MessageView[] }
  | { type: 'order'; order: OrderView }
  | { type: 'messages'; messages: readonly MessageView[] }
  | { type: 'left' }

export const NO_ORDER: OrderState = { order: null, messages: [] }

/** Snapshot + events = state. Pure. */
export function applyOrderPage(state: OrderState, change: OrderChange): OrderState {
  switch (change.type) {
    case 'snapshot':
      // Pages of history loaded before may reach further back than the snapshot.
      return { order: change.order, messages: mergeMessages(state.messages, change.messages) }
    case 'order':
      return state.order && isOlder(change.order, state.order) ? state : { ...state, order: change.order }
    case 'messages':
      return { ...state, messages: mergeMessages(state.messages, change.messages) }
    case 'left':
      return NO_ORDER
  }
}
