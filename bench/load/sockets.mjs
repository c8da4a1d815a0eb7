// @ts-check
import { connect } from 'node:net'

// WebSockets on bare TCP: frames are counted by their headers, and nothing of them is copied or parsed.

/**
 * How a service says what it sends.
 *
 * @typedef {'houselights.v1' | 'socket.io' | 'plain'} Protocol
 */

/**
 * @typedef {object} Target
 * @property {number} port
 * @property {string} path of the WebSocket
 * @property {Protocol} protocol
 * @property {string} cookie
 */

const LINE = '\r\n'
const KEY = Buffer.from('houselights-load').toString('base64')

/** @param {Target} target */
function handshakeOf({ port, path, protocol, cookie }) {
  const host = `127.0.0.1:${port}`
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    `Origin: http://${host}`,
    ...(cookie ? [`Cookie: ${cookie}`] : []),
    ...(protocol === 'houselights.v1' ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
    LINE,
  ].join(LINE)
}

/**
 * A client's frame. The masking key is zero, which leaves the payload as it is.
 *
 * @param {number} opcode
 * @param {Buffer} payload of less than 126 bytes
 */
function frameOf(opcode, payload) {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}

const SUBSCRIBE = frameOf(1, Buffer.from('{"type":"subscribe"}'))
const SIO_CONNECT = frameOf(1, Buffer.from('40'))
const SIO_PONG = frameOf(1, Buffer.from('3'))
const END_OF_HEAD = Buffer.from(LINE + LINE)
/** in `{"type":"event"`, and the same place of the other types */
const TYPE_AT = 9

/** All sockets read into it, which takes the load half of the CPU: what is needed after a read is copied. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

/** One socket. Calls back once when it has joined, at each event, and at its end. */
export class LoadSocket {
  /**
   * @param {Target} target
   * @param {{ joined(): void, event(): void, closed(): void }} on
   */
  constructor(target, on) {
    this.protocol = target.protocol
    this.on = on
    this.isOpen = false
    /** @type {Buffer | null} */
    this.rest = null
    const onread = {
      buffer: READ_BUFFER,
      callback: (/** @type {number} */ size) => {
        this.read(READ_BUFFER.subarray(0, size))
        return true
      },
    }
    this.socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true, onread })
    this.socket.on('error', () => {})
    this.socket.once('close', () => on.closed())
    this.socket.write(handshakeOf(target))
  }

  destroy() {
    this.socket.destroy()
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    let bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk
    this.rest = null
    if (!this.isOpen) {
      const end = bytes.indexOf(END_OF_HEAD)
      if (end < 0) {
        this.rest = Buffer.from(bytes)
        return
      }
      if (!bytes.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101')) return this.destroy()
      this.isOpen = true
      bytes = bytes.subarray(end + 4)
      if (this.protocol === 'houselights.v1') this.socket.write(SUBSCRIBE)
      else if (this.protocol === 'plain') this.on.joined()
    }
    this.readFrames(bytes)
  }

  /** @param {Buffer} bytes */
  readFrames(bytes) {
    let at = 0
    while (at + 2 <= bytes.length) {
      let size = (bytes[at + 1] ?? 0) & 127
      let head = 2
      if (size === 126) {
        if (at + 4 > bytes.length) break
        size = bytes.readUInt16BE(at + 2)
        head = 4
      } else if (size === 127) {
        if (at + 10 > bytes.length) break
        size = bytes.readUInt32BE(at + 6)
        head = 10
      }
      const end = at + head + size
      if (end > bytes.length) break
      this.readFrame((bytes[at] ?? 0) & 15, bytes, at + head, end)
      at = end
    }
    if (at < bytes.length) this.rest = Buffer.from(bytes.subarray(at))
  }

  /**
   * @param {number} opcode
   * @param {Buffer} bytes
   * @param {number} at
   * @param {number} end
   */
  readFrame(opcode, bytes, at, end) {
    if (opcode === 9) return void this.socket.write(frameOf(10, bytes.subarray(at, end)))
    if (opcode === 8) return this.destroy()
    if (this.protocol === 'plain') return this.on.event()
    if (this.protocol === 'socket.io') return this.readSocketIo(bytes.toString('latin1', at, at + 2))
    // {"type":"event", not "error" or "expiring"
    if (bytes[at + TYPE_AT] === 0x65 && bytes[at + TYPE_AT + 1] === 0x76) this.on.event()
    // {"type":"snapshot", not "stale"
    else if (bytes[at + TYPE_AT] === 0x73 && bytes[at + TYPE_AT + 1] === 0x6e) this.on.joined()
  }

  /** @param {string} packet Engine.IO: 0 open, 2 ping, 4 message; of Socket.IO: 40 connected, 42 event */
  readSocketIo(packet) {
    if (packet === '42') this.on.event()
    else if (packet === '40') this.on.joined()
    else if (packet.startsWith('0')) this.socket.write(SIO_CONNECT)
    else if (packet.startsWith('2')) this.socket.write(SIO_PONG)
  }
}
