import { connect, type Socket } from 'node:net'
import { DeadlineError, PATIENCE, within } from './deadline.js'

export interface RawAnswer {
  /** all that came, as Latin-1: one character for each byte */
  text: string
  /** whether the other side ended or cut the connection before the deadline */
  closed: boolean
}

/**
 * Sends bytes over TCP as they are and reads until the connection ends or `within` ms have passed. Reads on past
 * an answer: an open connection is what some tests look for.
 */
export async function sendRaw(
  port: number,
  bytes: string | Buffer,
  options: { within?: number; host?: string } = {},
): Promise<RawAnswer> {
  const connection = await openRaw(port, options.host)
  connection.write(bytes)
  try {
    await connection.closed({ within: options.within ?? PATIENCE })
    return { text: connection.text, closed: true }
  } catch (error) {
    if (error instanceof DeadlineError) return { text: connection.text, closed: false }
    throw error
  } finally {
    connection.destroy()
  }
}

/** Lines as HTTP sends them, with the empty one that ends the head. */
export const httpHead = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`

export async function openRaw(port: number, host = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ port, host, noDelay: true })
  const connection = new RawConnection(socket)
  const connected = new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  )
  await within(connected, PATIENCE, `a connection to port ${port}`)
  return connection
}

/** One TCP connection under a test's hand. */
export class RawConnection {
  text = ''
  readonly #closed: Promise<void>
  readonly #readers = new Set<() => void>()

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk
      for (const reader of this.#readers) reader()
    })
    // a reset is an end like another; how it ended shows in the text
    socket.on('error', () => {})
    this.#closed = new Promise((resolve) => {
      socket.once('end', resolve).once('close', () => resolve())
    })
  }

  write(bytes: string | Buffer): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** Resolves once the text so far matches. */
  async expect(pattern: RegExp, options: { within?: number } = {}): Promise<RegExpExecArray> {
    let reader: (() => void) | undefined
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      reader = () => {
        const match = pattern.exec(this.text)
        if (match) resolve(match)
      }
      this.#readers.add(reader)
      this.#closed.then(() =>
        reject(new Error(`closed before ${pattern} came; came: ${JSON.stringify(this.text)}`)),
      )
      reader()
    })
    try {
      return await within(
        found,
        options.within ?? PATIENCE,
        () => `${pattern}; came: ${JSON.stringify(this.text)}`,
      )
    } finally {
      if (reader) this.#readers.delete(reader)
    }
  }

  /** Resolves once the other side has ended or cut it. */
  closed(options: { within?: number } = {}): Promise<void> {
    return within(this.#closed, options.within ?? PATIENCE, 'the connection to be closed')
  }

  destroy(): void {
    this.socket.destroy()
  }
}
