import type { ClientMessage } from './messages.js'

export type ParsedMessage =
  | { ok: true; message: ClientMessage }
  | { ok: false; code: 'invalid_json' | 'unknown_type' | 'invalid_message'; reason: string }

const MAX_CURSORS = 1000

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a client's text frame. Never throws: `reason` says which rule an invalid message breaks. */
export function parseClientMessage(frame: string): ParsedMessage {
  let value: unknown
  try {
    value = JSON.parse(frame)
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
      const { chat, text, clientId } = value
      if (typeof chat !== 'number' || typeof text !== 'string' || typeof clientId !== 'string') {
        return {
          ok: false,
          code: 'invalid_message',
          reason: '"send" needs "chat" (a number), "text" and "clientId".',
        }
      }
      return { ok: true, message: { type: 'send', chat, text, clientId } }
    }
    default:
      return { ok: false, code: 'unknown_type', reason: 'Unknown message type.' }
  }
}

/** A client's cursor: an integer from 0. Anything else is an unknown position: null. */
export function readCursor(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
