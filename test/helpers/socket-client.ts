import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'
import { PATIENCE, within } from './deadline.js'
import { Mailbox, type Matcher } from './mailbox.js'
import type { TestService } from './service.js'

export interface ConnectOptions {
  /** as a request sends it: `name=value` */
  cookie?: string
  /** the URL's own unless given; null: none */
  origin?: string | null
  /** none: subscribed at once */
  protocol?: string | string[]
  headers?: Record<string, string | string[]>
  /** ms for the whole handshake */
  within?: number
}

/** A frame, parsed; text that is not JSON stays text. */
export type Frame = Record<string, unknown> & { type?: string }

/** A handshake that was answered with an HTTP status instead of a 101. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    /** parsed when it is JSON */
    readonly body: unknown,
  ) {
    super(`the handshake was refused: ${status} ${JSON.stringify(body)}`)
    this.name = 'RefusedError'
  }
}

/** Opens a socket; the URL may be http(s)://. Rejects with a RefusedError when the answer is no 101. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<TestSocket> {
  const target = new URL(url.replace(/^http/, 'ws'))
  const own = `${target.protocol === 'wss:' ? 'https' : 'http'}://${target.host}`
  const origin = options.origin === undefined ? own : options.origin
  const ws = new WebSocket(target, options.protocol ?? [], {
    perMessageDeflate: false,
    headers: {
      ...(origin === null ? {} : { origin }),
      ...(options.cookie ? { cookie: options.cookie } : {}),
      ...options.headers,
    },
  })
  // before it opens: the first frames may come with the 101
  const socket = new TestSocket(ws, target.pathname)
  const opened = new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('unexpected-response', (_request, response) => readRefusal(response).then(reject, reject))
    ws.on('error', reject)
  })
  try {
    await within(opened, options.within ?? PATIENCE, `the handshake of ${target.pathname}`)
  } catch (error) {
    ws.on('error', () => {})
    ws.terminate()
    throw error
  }
  return socket
}

/** The refusal that the handshake must meet: `t.match(await refused(url), { status: 403 })`. */
export async function refused(url: string, options: ConnectOptions = {}): Promise<RefusedError> {
  const accepted = await connect(url, options).catch((error: unknown) => {
    if (error instanceof RefusedError) return error
    throw error
  })
  if (accepted instanceof RefusedError) return accepted
  accepted.terminate()
  throw new Error(`the handshake of ${url} was accepted, but must not be`)
}

async function readRefusal(response: IncomingMessage): Promise<RefusedError> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return new RefusedError(response.statusCode ?? 0, response.headers, parse(text))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export interface Closed {
  code: number
  reason: string
}

/** One open socket of a test: all that it received is kept, in order. */
export class TestSocket {
  readonly #frames: Mailbox<Frame>
  readonly #closed: Promise<Closed>
  /** the frames as they came */
  readonly texts: string[] = []

  constructor(
    readonly ws: WebSocket,
    name: string,
  ) {
    this.#frames = new Mailbox(name)
    ws.on('message', (data, isBinary) => {
      const text = isBinary ? '(binary)' : data.toString()
      this.texts.push(text)
      const parsed = parse(text)
      this.#frames.push(typeof parsed === 'object' && parsed !== null ? (parsed as Frame) : { text })
    })
    this.#closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** all frames, parsed */
  get history(): readonly Frame[] {
    return this.#frames.history
  }

  /** The first frame that matches and was not taken before, now or when it comes. `within` in ms. */
  async expect<T = Frame>(matcher: Matcher<Frame>, options: { within?: number } = {}): Promise<T> {
    return (await this.#frames.expect(matcher, options)) as T
  }

  /**
   * No frame that matches is there or comes before `until`, or else before the answer to a ping: frames are sent
   * in order, so what was sent before it has come by then.
   */
  async refute(matcher: Matcher<Frame>, options: { until?: Promise<unknown> } = {}): Promise<void> {
    await options.until
    await this.#frames.refute(matcher, { until: this.roundTrip() })
  }

  /** Resolves when the service has answered a ping frame (RFC 6455, not the protocol's own), or closed. */
  async roundTrip(options: { within?: number } = {}): Promise<void> {
    if (this.ws.readyState !== WebSocket.OPEN) return
    const mark = Math.random().toString(36)
    const answered = new Promise<void>((resolve) => {
      const onPong = (data: Buffer) => {
        if (data.toString() !== mark) return
        this.ws.off('pong', onPong)
        resolve()
      }
      this.ws.on('pong', onPong)
    })
    this.ws.ping(mark)
    await within(Promise.race([answered, this.#closed]), options.within ?? PATIENCE, 'a pong')
  }

  /** Text goes as it is, everything else as JSON. */
  send(message: unknown): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The first message of `houselights.v1`. Without cursors snapshots follow. */
  subscribe(cursors?: Record<string, number>): void {
    this.send(cursors ? { type: 'subscribe', cursors } : { type: 'subscribe' })
  }

  /** How the socket ended, once it has. */
  closed(options: { within?: number } = {}): Promise<Closed> {
    return within(this.#closed, options.within ?? PATIENCE, 'the socket to be closed')
  }

  /** Closes it as a page does, and waits. */
  async close(code = 1000): Promise<Closed> {
    this.ws.close(code)
    return this.closed()
  }

  /** Stops reading: what is sent stays in the kernel's buffers and then with the service. */
  pause(): void {
    this.ws.pause()
  }

  resume(): void {
    this.ws.resume()
  }

  /** Cuts the connection without a close frame. */
  terminate(): void {
    this.ws.terminate()
  }
}

export const ORDERS_SOCKET = '/ws/all-seat-datasocket/'

/** A `houselights.v1` socket that has not subscribed yet. */
export function openV1(
  node: Pick<TestService, 'url'>,
  { cookie }: { cookie: string },
  path = ORDERS_SOCKET,
  options: ConnectOptions = {},
): Promise<TestSocket> {
  return connect(node.url + path, { cookie, protocol: SUBPROTOCOL, ...options })
}

/** A socket without a subprotocol: subscribed at once to all its groups. */
export function openPlain(
  node: Pick<TestService, 'url'>,
  { cookie }: { cookie: string },
  path = ORDERS_SOCKET,
): Promise<TestSocket> {
  return connect(node.url + path, { cookie })
}
