import type { ChatMessageData, ChatReadData, ServerMessage } from '../../src/protocol/messages.js'
import type { ChatView, MessageView, OrderView } from '../lib/views.js'

type MessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>
export type Hello = MessageOf<'hello'>
export type Snapshot = MessageOf<'snapshot'>
export type LiveEvent = MessageOf<'event'>

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/**
 * Parses one frame. The peer negotiated our subprotocol, so its messages have the protocol's shapes; checked is what
 * the cursors depend on. The type may be one this page is too old to know. Throws for a frame that is no message.
 */
export function parseServerMessage(frame: string): ServerMessage {
  const message: unknown = JSON.parse(frame)
  if (!isObject(message) || typeof message.type !== 'string') throw new TypeError('A message has a "type".')
  if (message.type === 'event' || message.type === 'snapshot') {
    if (typeof message.group !== 'string' || !Number.isSafeInteger(message.seq)) {
      throw new TypeError(`"${message.type}" has a "group" and a "seq".`)
    }
  }
  return message as ServerMessage
}

// `data` by the name of its event or the kind of its group, as the protocol declares it.

/** The order that an order or payment event carries whole; null for other events. */
export function orderOf({ name, data }: LiveEvent): OrderView | null {
  return name.startsWith('order.') || name.startsWith('payment.') ? (data as OrderView) : null
}

export function chatMessageOf({ name, data }: LiveEvent): ChatMessageData | null {
  return name === 'chat.message' ? (data as ChatMessageData) : null
}

export function chatReadOf({ name, data }: LiveEvent): ChatReadData | null {
  return name === 'chat.read' ? (data as ChatReadData) : null
}

export const ordersOfSnapshot = ({ data }: Snapshot) => (data as { orders: OrderView[] }).orders
export const chatsOfSnapshot = ({ data }: Snapshot) => (data as { chats: ChatView[] }).chats
export const orderPageOfSnapshot = ({ data }: Snapshot) =>
  data as { order: OrderView; messages: MessageView[] }
