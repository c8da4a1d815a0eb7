import type { ChatView, MessageView, OrderView, UserView } from '../../src/live/protocol.js'
import { type Decoder, flag, list, object, text } from './decode.js'
import { takeAnswer } from './preload.js'
import * as shapes from './shapes.js'

/** The service's own refusal, or (status 0) no answer at all. `code` is the contract's `error`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message)
    this.name = 'ApiError'
  }
  get isOffline(): boolean {
    return this.status === 0
  }
}

const ANSWER_DEADLINE = 15_000
const failure = object<{ error: string; message: string }>({ error: text, message: text })

let clockOffset = 0
/** The service's time: a tablet's own clock may be minutes off, and ages are counted from the service's times. */
export function serverNow(): number {
  return Date.now() + clockOffset
}

function learnClock(response: Response): void {
  const said = Date.parse(response.headers.get('date') ?? '')
  // The header has whole seconds: smaller differences are rounding, not a wrong clock.
  if (!Number.isNaN(said)) clockOffset = Math.abs(said - Date.now()) < 2000 ? 0 : said - Date.now()
}

async function readFailure(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(wait) ? wait : null
  try {
    const { error, message } = failure(await response.json())
    return new ApiError(response.status, error, message, retryAfter)
  } catch {
    return new ApiError(response.status, 'unknown', response.statusText, retryAfter)
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
interface Extra {
  headers?: Record<string, string>
  keepalive?: boolean
}

async function request(method: Method, path: string, body?: object, extra: Extra = {}): Promise<Response> {
  const headers = {
    accept: 'application/json',
    ...extra.headers,
    ...(body ? { 'content-type': 'application/json' } : {}),
  }
  let response: Response
  try {
    const early = method === 'GET' ? takeAnswer(path) : null
    response = await (early ??
      fetch(path, {
        method,
        headers,
        credentials: 'same-origin',
        keepalive: extra.keepalive ?? false,
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_DEADLINE),
        ...(body ? { body: JSON.stringify(body) } : {}),
      }))
  } catch (error) {
    throw new ApiError(0, 'no_answer', String(error))
  }
  learnClock(response)
  if (!response.ok) throw await readFailure(response)
  return response
}

async function ask<T>(
  decode: Decoder<T>,
  method: Method,
  path: string,
  body?: object,
  extra?: Extra,
): Promise<T> {
  const response = await request(method, path, body, extra)
  try {
    return decode(await response.json())
  } catch (error) {
    throw new ApiError(response.status, 'unreadable', String(error))
  }
}

async function tell(method: Method, path: string, body?: object): Promise<void> {
  await request(method, path, body)
}

const anOrder = shapes.member('order', shapes.order)
const orders = shapes.member('orders', list(shapes.order))
const history = object<{ messages: MessageView[]; more: boolean }>({
  messages: list(shapes.message),
  more: flag,
})

export type StaffAction = 'seen' | 'deliver' | 'cancel' | 'collect-cash'
export interface NewOrder {
  items: { menuItemId: number; quantity: number }[]
  paymentMethod: 'online' | 'cash'
  phone?: string
}

export const api = {
  session: () => ask(shapes.session, 'GET', '/api/auth/session'),
  login: (username: string, password: string, keep: boolean) =>
    ask(shapes.session, 'POST', '/api/auth/login', { username, password, keep }),
  guest: () => ask(shapes.session, 'POST', '/api/auth/guest', {}),
  logout: () => tell('POST', '/api/auth/logout'),
  devices: () => ask(shapes.devices, 'GET', '/api/auth/sessions'),
  endDevice: (id: string) => tell('DELETE', `/api/auth/sessions/${encodeURIComponent(id)}`),
  endOtherDevices: () => tell('DELETE', '/api/auth/sessions'),
  changePassword: (currentPassword: string, newPassword: string) =>
    tell('POST', '/api/auth/password', { currentPassword, newPassword }),

  seatMenu: (token: string) => ask(shapes.seatMenu, 'GET', `/api/seats/${encodeURIComponent(token)}`),
  placeOrder: (token: string, order: NewOrder, key: string) =>
    ask(anOrder, 'POST', `/api/seats/${encodeURIComponent(token)}/orders`, order, {
      headers: { 'idempotency-key': key },
    }),
  order: (id: number): Promise<OrderView> => ask(anOrder, 'GET', `/api/orders/${id}`),
  myOrders: (): Promise<OrderView[]> => ask(orders, 'GET', '/api/orders?mine=1'),
  pay: (id: number) => ask(shapes.member('payment', shapes.payment), 'POST', `/api/orders/${id}/payment`),
  checkout: (id: string) => ask(shapes.checkout, 'GET', `/api/checkout/${encodeURIComponent(id)}`),
  settle: (id: string, how: 'pay' | 'fail') => tell('POST', `/api/checkout/${encodeURIComponent(id)}/${how}`),

  theatreSeats: (id: number) => ask(shapes.theatreSeats, 'GET', `/api/theatres/${id}/seats`),
  /** The last ones that ended; a service that does not know the question answers with live ones, to be ignored. */
  endedOrders: (id: number): Promise<OrderView[]> => ask(orders, 'GET', `/api/theatres/${id}/orders?ended=1`),
  /** `keepalive`: the request outlives the page that makes it */
  act: (id: number, action: StaffAction, { keepalive = false } = {}): Promise<OrderView> =>
    ask(anOrder, 'POST', `/api/orders/${id}/${action}`, undefined, { keepalive }),
  setAvailable: (id: number, available: boolean) =>
    ask(shapes.member('menuItem', shapes.menuItem), 'PATCH', `/api/menu-items/${id}`, { available }),

  chats: (id: number): Promise<ChatView[]> =>
    ask(shapes.member('chats', list(shapes.chat)), 'GET', `/api/theatres/${id}/chats`),
  history: (chat: number, before?: number) =>
    ask(history, 'GET', `/api/chats/${chat}/messages${before === undefined ? '' : `?before=${before}`}`),
  say: (chat: number, text: string, clientId: string) =>
    ask(shapes.member('message', shapes.message), 'POST', `/api/chats/${chat}/messages`, { text, clientId }),
  /** `upTo`: the last message that was on the screen; one that came since stays unread. */
  markRead: (chat: number, upTo: number) => tell('POST', `/api/chats/${chat}/read?upTo=${upTo}`),
}

export type Me = UserView
