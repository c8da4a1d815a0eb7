// @ts-check
import { connect } from 'node:net'

/** @typedef {import('../changes.ts').Call} Call */

/** ms for one answer */
const DEADLINE_MS = 30_000

/** Keep-alive connections to one server; each takes one call at a time. */
export class Calls {
  /** @param {number} port */
  constructor(port) {
    this.port = port
    /** @type {Line[]} */
    this.idle = []
    /** @type {Set<Line>} */
    this.lines = new Set()
  }

  /**
   * Makes a call and resolves to its status.
   *
   * @param {Call} call
   * @returns {Promise<number>}
   */
  async send(call) {
    // a server closes what is idle
    this.idle = this.idle.filter(({ socket }) => !socket.destroyed)
    const line = this.idle.pop() ?? new Line(this.port, this.lines)
    const status = await line.send(call)
    this.idle.push(line)
    return status
  }

  close() {
    for (const line of this.lines) line.socket.destroy()
    this.lines.clear()
    this.idle = []
  }
}

class Line {
  /**
   * @param {number} port
   * @param {Set<Line>} lines
   */
  constructor(port, lines) {
    this.host = `127.0.0.1:${port}`
    this.text = ''
    /** @type {{ resolve(status: number): void, reject(error: Error): void } | null} */
    this.waiting = null
    /** @type {NodeJS.Timeout | undefined} */
    this.deadline = undefined
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.setEncoding('latin1')
    this.socket.on('error', () => {})
    this.socket.once('close', () => {
      clearTimeout(this.deadline)
      lines.delete(this)
      this.waiting?.reject(new Error('the connection was closed before the answer'))
    })
    this.socket.on('data', (chunk) => this.read(String(chunk)))
    lines.add(this)
  }

  /**
   * @param {Call} call
   * @returns {Promise<number>}
   */
  send({ path, headers, body }) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = Buffer.byteLength(body)
    this.socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${this.host}\r\n${lines.join('')}content-length: ${length}\r\n\r\n${body}`,
    )
    this.deadline = setTimeout(() => this.socket.destroy(), DEADLINE_MS)
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
    })
  }

  /** @param {string} chunk */
  read(chunk) {
    this.text += chunk
    const end = this.text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.text.slice(0, end))?.[1] ?? 0)
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(this.text.slice(0, end))
    if (isChunked ? !this.text.endsWith('\r\n0\r\n\r\n') : this.text.length < end + 4 + length) return
    const status = Number(this.text.slice(9, 12))
    this.text = ''
    clearTimeout(this.deadline)
    const { waiting } = this
    this.waiting = null
    waiting?.resolve(status)
  }
}
