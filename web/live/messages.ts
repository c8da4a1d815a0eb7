import type { LiveEvent, ServerMessage } from '../../src/protocol/messages.js'

export type { Hello, LiveEvent, Snapshot } from '../../src/protocol/messages.js'

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

type OrderEvent = Extract<LiveEvent, { name: `order.${string}` | `payment.${string}` }>

// By name, not by the shape of `data`: an event that this page is too old to know is ignored.
const isOrderEvent = (event: LiveEvent): event is OrderEvent => /^(?:order|payment)\./.test(event.name)

/** The order that an order or payment event carries; null for other events. */
export const orderOf = (event: LiveEvent) => (isOrderEvent(event) ? event.data : null)
export const chatMessageOf = (event: LiveEvent) => (event.name === 'chat.message' ? event.data : null)
export const chatReadOf = (event: LiveEvent) => (event.name === 'chat.read' ? event.data : null)
