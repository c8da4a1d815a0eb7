import type { ServerMessage } from '../../src/live/protocol.js'
import { anything, type Decoder, dictionary, list, number, object, oneOf, text } from '../lib/decode.js'
import { user } from '../lib/shapes.js'

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>

const readers: { [T in ServerMessage['type']]: Decoder<Of<T>> } = {
  hello: object<Of<'hello'>>({
    type: oneOf('hello'),
    connection: text,
    user,
    groups: list(text),
    positions: dictionary(number),
    sessionExpiresAt: text,
  }),
  snapshot: object<Of<'snapshot'>>({ type: oneOf('snapshot'), group: text, seq: number, data: anything }),
  event: object<Of<'event'>>({
    type: oneOf('event'),
    group: text,
    seq: number,
    // also one that this page is too old to know: its seq counts
    name: text,
    at: text,
    data: anything,
  }),
  left: object<Of<'left'>>({ type: oneOf('left'), group: text, reason: text }),
  expiring: object<Of<'expiring'>>({ type: oneOf('expiring'), at: text }),
  stale: object<Of<'stale'>>({ type: oneOf('stale'), since: text }),
  fresh: object<Of<'fresh'>>({ type: oneOf('fresh') }),
  presence: object<Of<'presence'>>({
    type: oneOf('presence'),
    group: text,
    online: object<{ staff: number }>({ staff: number }),
  }),
  pong: object<Of<'pong'>>({ type: oneOf('pong') }),
  error: object<Of<'error'>>({ type: oneOf('error'), code: text, message: text }),
}

const tag = object<{ type: string }>({ type: text })

function isKnown(type: string): type is ServerMessage['type'] {
  return Object.hasOwn(readers, type)
}

/**
 * Reads one frame of the service. `null`: a type that this page is too old to know, to be skipped (the protocol
 * may grow). Throws ShapeError or SyntaxError for a frame that breaks the protocol.
 */
export function readServerMessage(frame: string): ServerMessage | null {
  const value: unknown = JSON.parse(frame)
  const { type } = tag(value)
  return isKnown(type) ? readers[type](value) : null
}
