import { SUBPROTOCOL } from '../../src/live/protocol.js'
import { preferredTheatre } from './preferred-theatre.js'
import { wasSignedIn } from './signed-in.js'
import type { SocketEvent, SocketLike } from './socket.js'

// What a page asks first, asked before its own scripts are there: on a slow network they take longer than the answers
// do. A file of its own, which every shell names before all else (vite.config.ts). Who asks later takes what has come.

/** ms for which an answer that nobody took is worth having */
const FRESH_FOR = 15_000

interface Asked {
  at: number
  answer: Promise<Response>
}

const answers = new Map<string, Asked>()
const sockets = new Map<string, EarlySocket>()

/** The answer to a GET of this path, if it was asked early; once. */
export function takeAnswer(path: string): Promise<Response> | null {
  const asked = answers.get(path)
  answers.delete(path)
  return asked && performance.now() - asked.at < FRESH_FOR ? asked.answer : null
}

/** A socket to this address: the one that was opened early, once; else a new one. */
export function openSocket(url: string, protocol: string): SocketLike {
  const early = sockets.get(url)
  sockets.delete(url)
  return early?.take() ?? new WebSocket(url, protocol)
}

export function socketUrl(path: string): string {
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

function ask(path: string): Promise<Response> {
  const answer = fetch(path, {
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
    cache: 'no-store',
    signal: AbortSignal.timeout(FRESH_FOR),
  })
  // whoever takes it hears of its failure
  answer.catch(() => {})
  answers.set(path, { at: performance.now(), answer })
  return answer
}

/** The first words of a page that has no cursors yet: its client's own come later, and are the same. */
const SUBSCRIBE = JSON.stringify({ type: 'subscribe', cursors: {} })

/** A socket that is open before there is anybody to hear it: keeps what comes, subscribes, and then is theirs. */
class EarlySocket implements SocketLike {
  readonly #socket: WebSocket
  readonly #kept: SocketEvent[] = []
  readonly #keep = (event: SocketEvent): void => void this.#kept.push(event)
  readonly #expiry: ReturnType<typeof setTimeout>
  #hasSubscribed = false

  constructor(url: string) {
    this.#socket = new WebSocket(url, SUBPROTOCOL)
    for (const type of ['message', 'close'] as const) this.#socket.addEventListener(type, this.#keep)
    this.#socket.addEventListener('open', () => {
      this.#socket.send(SUBSCRIBE)
      this.#hasSubscribed = true
    })
    this.#expiry = setTimeout(() => {
      sockets.delete(url)
      this.#socket.close(1000)
    }, FRESH_FOR)
  }

  take(): this {
    clearTimeout(this.#expiry)
    return this
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  /** What was kept for it comes first, but not before the caller is done: it may not have stored the socket yet. */
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void {
    const kept = this.#kept.filter((event) => event.type === type)
    queueMicrotask(() => {
      for (const event of kept) listener(event)
    })
    if (type === 'message' || type === 'close') this.#socket.removeEventListener(type, this.#keep)
    this.#socket.addEventListener(type, listener)
  }

  send(data: string): void {
    if (this.#hasSubscribed && data === SUBSCRIBE) {
      this.#hasSubscribed = false
      return
    }
    this.#socket.send(data)
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }
}

function open(...paths: string[]): void {
  for (const url of paths.map(socketUrl)) sockets.set(url, new EarlySocket(url))
}

/** The sockets of the staff: at once where somebody was signed in; a refused one would be an error in the console. */
async function openForStaff(session: Promise<Response>, ...paths: string[]): Promise<void> {
  if (wasSignedIn() || (await session).ok) open(...paths)
}

/** The halls and seats of the theatre that the screen will show: known once it is known who looks. */
async function askForSeats(session: Promise<Response>): Promise<void> {
  const response = await session
  if (!response.ok) return
  const { user } = (await response.clone().json()) as { user: { theatres: { id: number }[] } }
  const theatre = preferredTheatre(user.theatres)
  if (theatre !== null) ask(`/api/theatres/${theatre}/seats`)
}

function begin(): void {
  const [, first = '', second = ''] = location.pathname.split('/')
  switch (first) {
    case 's':
      return void ask(`/api/seats/${second}`)
    case 'orders':
      if (/^[1-9]\d{0,9}$/.test(second)) open(`/ws/payment-socket/${second}/`)
      return
    case 'checkout':
      return void ask(`/api/checkout/${second}`)
    case 'account':
      ask('/api/auth/session')
      return void ask('/api/auth/sessions')
    case 'theatre': {
      const session = ask('/api/auth/session')
      const orders = second === 'live-orders' ? ['/ws/all-seat-datasocket/'] : []
      if (second !== 'seats') openForStaff(session, ...orders, '/ws/chat-socket/').catch(() => {})
      if (second !== 'chat') askForSeats(session).catch(() => {})
    }
  }
}

begin()
