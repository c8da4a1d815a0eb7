import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'
import type { SignedInView } from '../../src/protocol/views.js'
import { preferredTheatre } from './preferred-theatre.js'
import { wasSignedIn } from './signed-in.js'
import type { SocketEvent, SocketLike } from './socket.js'
import { isString, recall } from './storage.js'

// Sends a page's first requests and opens its sockets before the page's own scripts have loaded: on a slow network
// the scripts take longer than the answers. A chunk of its own, named first in every shell (vite.config.ts).

/** How long an answer or socket that nothing has claimed stays usable. */
const CLAIM_WITHIN_MS = 15_000

interface Preloaded {
  at: number
  answer: Promise<Response>
}

const answers = new Map<string, Preloaded>()
const sockets = new Map<string, PreloadedSocket>()

/** The preloaded answer to a GET of this path, once; null when there is none. */
export function takeAnswer(path: string): Promise<Response> | null {
  const preloaded = answers.get(path)
  answers.delete(path)
  return preloaded && performance.now() - preloaded.at < CLAIM_WITHIN_MS ? preloaded.answer : null
}

/** A socket to this address: the preloaded one, once; else a new one. */
export function openSocket(url: string, protocol: string): SocketLike {
  const preloaded = sockets.get(url)
  sockets.delete(url)
  return preloaded?.take() ?? new WebSocket(url, protocol)
}

export function socketUrl(path: string): string {
  const url = new URL(path, location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

function request(path: string): Promise<Response> {
  const answer = fetch(path, {
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'manual',
    signal: AbortSignal.timeout(CLAIM_WITHIN_MS),
  })
  // The caller of takeAnswer handles the failure; without a handler here it would be reported as unhandled.
  answer.catch(() => {})
  answers.set(path, { at: performance.now(), answer })
  return answer
}

/** A new page has no cursors, so this is also what its client sends first; `send` drops that duplicate. */
const SUBSCRIBE = JSON.stringify({ type: 'subscribe', cursors: {} })

/** A socket without a listener yet: subscribes, buffers what arrives, and replays it to the client that takes it. */
class PreloadedSocket implements SocketLike {
  readonly openedAt = performance.now()
  readonly #socket: WebSocket
  readonly #buffer: SocketEvent[] = []
  readonly #store = (event: SocketEvent): void => void this.#buffer.push(event)
  readonly #expiry: ReturnType<typeof setTimeout>
  #hasSubscribed = false

  constructor(url: string) {
    this.#socket = new WebSocket(url, SUBPROTOCOL)
    for (const type of ['message', 'close'] as const) this.#socket.addEventListener(type, this.#store)
    this.#socket.addEventListener('open', () => {
      this.#socket.send(SUBSCRIBE)
      this.#hasSubscribed = true
    })
    this.#expiry = setTimeout(() => {
      sockets.delete(url)
      this.#socket.close(1000)
    }, CLAIM_WITHIN_MS)
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

  /** Replays the buffered events in a microtask: the caller may not have stored the socket yet. */
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void {
    const buffered = this.#buffer.filter((event) => event.type === type)
    queueMicrotask(() => {
      for (const event of buffered) listener(event)
    })
    if (type === 'message' || type === 'close') this.#socket.removeEventListener(type, this.#store)
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

function openSockets(...paths: string[]): void {
  for (const url of paths.map(socketUrl)) sockets.set(url, new PreloadedSocket(url))
}

/** Opens at once where a staff member was signed in; else waits for the session, as a refusal logs a console error. */
async function openStaffSockets(session: Promise<Response>, ...paths: string[]): Promise<void> {
  if (wasSignedIn() || (await session).ok) openSockets(...paths)
}

/** The theatre to show depends on the session's user. */
async function requestSeats(session: Promise<Response>): Promise<void> {
  const response = await session
  if (!response.ok) return
  const { user }: SignedInView = await response.clone().json()
  const theatre = preferredTheatre(user.theatres)
  if (theatre !== null) request(`/api/theatres/${theatre}/seats`)
}

/** The page's words, which its scripts would ask for only once they run: in the language that ui/choose-language.ts will choose. */
function preloadStrings(): void {
  const kept = recall('language', isString)
  const languages = [...(kept === null ? [] : [kept]), ...navigator.languages, 'en']
  for (const tag of languages) {
    const language = tag.split('-')[0]?.toLowerCase() ?? ''
    const files = document.querySelectorAll<HTMLLinkElement>(
      `link[rel=strings][hreflang="${CSS.escape(language)}"]`,
    )
    for (const file of files) file.rel = 'modulepreload'
    if (files.length > 0) return
  }
}

function preload(): void {
  const [, first = '', second = '', third = ''] = location.pathname.split('/')
  switch (first) {
    case 's':
      return void request(`/api/seats/${second}`)
    case 'orders':
      if (!/^[1-9]\d{0,9}$/.test(second)) return
      if (third === 'receipt') return void request(`/api/orders/${second}/receipt`)
      // shown as it is now, two round trips before the socket has its snapshot
      request(`/api/orders/${second}`)
      return openSockets(`/ws/payment-socket/${second}/`)
    case 'checkout':
      return void request(`/api/checkout/${second}`)
    case 'account':
      request('/api/auth/session')
      return void request('/api/auth/sessions')
    case 'theatre': {
      const session = request('/api/auth/session')
      if (second === 'today') return void request('/api/payment-issues')
      const orders = second === 'live-orders' ? ['/ws/all-seat-datasocket/'] : []
      if (second !== 'seats') openStaffSockets(session, ...orders, '/ws/chat-socket/').catch(() => {})
      if (second !== 'chat') requestSeats(session).catch(() => {})
    }
  }
}

preloadStrings()
preload()
