import type { RawConnection } from '../helpers/raw-connection.js'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A client's frame (RFC 6455 section 5.2), masked with zeros, so that the payload stays readable. */
export function frame(opcode: number, payload: string | Buffer = '', { fin = true, rsv = 0 } = {}): Buffer {
  const bytes = Buffer.from(payload)
  const first = (fin ? 0x80 : 0) | rsv | opcode
  const size = bytes.length
  const head = size < 126 ? [first, 0x80 | size] : [first, 0x80 | 126, (size >> 8) & 255, size & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes])
}

/** The code of the close frame received last, or null. */
export function closeCode(connection: RawConnection): number | null {
  const at = connection.text.indexOf('\x88', connection.text.indexOf('\r\n\r\n') + 4)
  if (at < 0) return null
  return (connection.text.charCodeAt(at + 2) << 8) | connection.text.charCodeAt(at + 3)
}
