import type { StoredEvent } from '../../events/event-log.js'
import type { ServerMessage } from '../../protocol/messages.js'

/**
 * Encodes one unfragmented, unmasked text frame (RFC 6455 section 5.2). Servers don't mask and deflate is off, so the
 * same bytes can be written to every socket.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = 0x81
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, head)
  return frame
}

export const encodeMessage = (message: ServerMessage) => textFrame(JSON.stringify(message))

/** The event's `data` is JSON text already and is inserted as is. */
export const encodeEventFrame = ({ group, seq, name, at, data }: StoredEvent) =>
  textFrame(`{"type":"event","group":"${group}","seq":${seq},"name":"${name}","at":"${at}","data":${data}}`)

/** `data` is JSON text and is inserted as is. */
export const encodeSnapshot = (group: string, seq: number, data: string) =>
  textFrame(`{"type":"snapshot","group":"${group}","seq":${seq},"data":${data}}`)
