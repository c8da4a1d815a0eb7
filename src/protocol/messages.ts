/**
 * The WebSocket subprotocol `houselights.v1`: JSON text frames, one object each. Shared by the service and the pages, so
 * it imports nothing. `docs/` describes it as AsyncAPI.
 */
export const SUBPROTOCOL = 'houselights.v1'

export const EVENT_NAMES = [
  'order.placed',
  'order.confirmed',
  'order.seen',
  'order.delivered',
  'order.cancelled',
  'payment.pending',
  'payment.paid',
  'payment.failed',
  'payment.refunded',
  'chat.message',
  'chat.read',
] as const

export type EventName = (typeof EVENT_NAMES)[number]

export type OrderStatus = 'placed' | 'confirmed' | 'seen' | 'delivered' | 'cancelled'
export type PaymentStatus = 'pending' | 'paid' | 'failed' | 'refunded'
export type PaymentMethod = 'online' | 'cash'

/** Amounts are in paise, times RFC 3339 UTC. */
export interface OrderView {
  id: number
  theatreId: number
  theatreName: string
  seat: { id: number; name: string; hall: string }
  status: OrderStatus
  paymentStatus: PaymentStatus
  paymentMethod: PaymentMethod
  items: { menuItemId: number; name: string; quantity: number; unitPrice: number }[]
  total: number
  createdAt: string
  confirmedAt: string | null
  seenAt: string | null
  deliveredAt: string | null
  cancelledAt: string | null
}

export interface MessageView {
  id: number
  from: 'customer' | 'staff'
  text: string
  at: string
  clientId: string
}

export interface ChatView {
  /** the order's id: each order has one conversation */
  id: number
  /** immutable fields only: the chat group has no events about its orders */
  order: { id: number; seat: { id: number; name: string; hall: string } }
  theatreId: number
  unread: number
  lastMessage: MessageView | null
}

/** `data` of `chat.message`. Staff also get the whole conversation, so that no fetch is needed. */
export interface ChatMessageData {
  /** the order's id */
  chat: number
  message: MessageView
  conversation?: ChatView
}

/** `data` of `chat.read`, sent to staff only, with the new unread count. */
export interface ChatReadData {
  /** the order's id */
  chat: number
  conversation: ChatView
}

export interface UserView {
  id: number
  username: string
  role: 'customer' | 'staff' | 'admin'
  theatres: { id: number; name: string }[]
}

/** The first message on every socket. */
export interface Hello {
  type: 'hello'
  connection: string
  user: UserView
  groups: string[]
  /** seq of each group's last event: a client at this position is up to date */
  positions: Record<string, number>
  sessionExpiresAt: string
}

export type ServerMessage =
  | Hello
  | { type: 'snapshot'; group: string; seq: number; data: unknown }
  | { type: 'event'; group: string; seq: number; name: string; at: string; data: unknown }
  | { type: 'left'; group: string; reason: string }
  | { type: 'expiring'; at: string }
  | { type: 'stale'; since: string }
  | { type: 'fresh' }
  | { type: 'presence'; group: string; online: { staff: number } }
  | { type: 'pong' }
  | { type: 'error'; code: string; message: string }

export type ClientMessage =
  | { type: 'subscribe'; cursors: Record<string, unknown> }
  | { type: 'ping' }
  | { type: 'send'; chat: number; text: string; clientId: string }

export type ParsedMessage =
  | { ok: true; message: ClientMessage }
  | { ok: false; code: 'invalid_json' | 'unknown_type' | 'invalid_message'; reason: string }

const MAX_CURSORS = 1000
/** maximum length of a chat message, in characters */
export const MAX_TEXT = 2000

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses one text frame from a client. Never throws; `reason` says which rule an invalid message broke. */
export function parseClientMessage(text: string): ParsedMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, code: 'invalid_json', reason: 'The message is not JSON.' }
  }
  if (!isObject(value) || typeof value.type !== 'string') {
    return { ok: false, code: 'invalid_message', reason: 'A message is an object with a "type".' }
  }
  switch (value.type) {
    case 'ping':
      return { ok: true, message: { type: 'ping' } }
    case 'subscribe': {
      const cursors = value.cursors ?? {}
      if (!isObject(cursors) || Object.keys(cursors).length > MAX_CURSORS) {
        return {
          ok: false,
          code: 'invalid_message',
          reason: '"cursors" maps group names to the last seq seen.',
        }
      }
      return { ok: true, message: { type: 'subscribe', cursors } }
    }
    case 'send': {
      const { chat, text: said, clientId } = value
      if (typeof chat !== 'number' || typeof said !== 'string' || typeof clientId !== 'string') {
        return {
          ok: false,
          code: 'invalid_message',
          reason: '"send" needs "chat" (a number), "text" and "clientId".',
        }
      }
      return { ok: true, message: { type: 'send', chat, text: said, clientId } }
    }
    default:
      return { ok: false, code: 'unknown_type', reason: 'This type of message is not known.' }
  }
}

/** A client's cursor: a non-negative safe integer; null for anything else. */
export function readCursor(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
