import type {
  CheckoutView,
  MenuItemView,
  MessageView,
  OrderView,
  PaymentIssueView,
  PaymentView,
  SeatMenuView,
  SessionView,
  SignedInView,
  TheatreSeatsView,
} from '../../src/protocol/views.js'
import { ApiError } from './api-error.js'
import { takeAnswer } from './preload.js'

export { ApiError }

const DEADLINE_MS = 15_000
const MAX_ROUNDING_MS = 2000

let clockOffset = 0
/** The service's time. A tablet's clock may be minutes off, and ages are counted from the service's timestamps. */
export function serverNow(): number {
  return Date.now() + clockOffset
}

function readServerClock(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date)) return
  const offset = date - Date.now()
  // The header has whole seconds: a small difference is rounding and latency, not a wrong clock.
  clockOffset = Math.abs(offset) < MAX_ROUNDING_MS ? 0 : offset
}

async function readError(response: Response): Promise<ApiError> {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(seconds) ? seconds : null
  const body: Record<string, unknown> | null = await response.json().catch(() => null)
  // A proxy's error page, or its JSON, has no code of ours.
  return typeof body?.error === 'string' && typeof body.message === 'string'
    ? new ApiError(response.status, body.error, body.message, retryAfter, body)
    : new ApiError(response.status, 'unknown', response.statusText, retryAfter)
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

interface RequestOptions {
  body?: object
  headers?: Record<string, string>
  keepalive?: boolean
}

async function send(
  method: Method,
  path: string,
  { body, headers = {}, keepalive = false }: RequestOptions = {},
): Promise<Response> {
  let response: Response
  try {
    const preloaded = method === 'GET' ? takeAnswer(path) : null
    response = await (preloaded ??
      fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          ...headers,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        credentials: 'same-origin',
        keepalive,
        cache: 'no-store',
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body ? { body: JSON.stringify(body) } : {}),
      }))
  } catch (error) {
    throw new ApiError(0, 'no_answer', String(error))
  }
  readServerClock(response)
  if (!response.ok) throw await readError(response)
  return response
}

/**
 * The JSON answer. Its shape is the protocol's, declared and tested on the service's side; checked here is only
 * that the answer is ours at all: a captive portal answers 200 with an HTML page.
 */
async function fetchJson<T extends object>(
  method: Method,
  path: string,
  options?: RequestOptions,
): Promise<T> {
  const response = await send(method, path, options)
  const answer: T | null = await response.json().catch(() => null)
  if (typeof answer === 'object' && answer !== null) return answer
  throw new ApiError(response.status, 'not_json', `${path} did not answer with a JSON object.`)
}

/** The one member of answers such as `{order}`. */
async function fetchMember<K extends string, T>(
  name: K,
  method: Method,
  path: string,
  options?: RequestOptions,
): Promise<T> {
  const answer = await fetchJson<Record<K, T>>(method, path, options)
  if (name in answer) return answer[name]
  throw new ApiError(200, 'not_json', `The answer of ${path} has no "${name}".`)
}

export type StaffAction = 'seen' | 'deliver' | 'cancel' | 'collect-cash'

export interface NewOrder {
  items: { menuItemId: number; quantity: number }[]
  paymentMethod: 'online' | 'cash'
  phone?: string
  /** the sum on the button, in paise */
  expectedTotal: number
}

export interface MessagePage {
  messages: MessageView[]
  /** whether there are earlier ones */
  more: boolean
}

const seatPath = (token: string): string => `/api/seats/${encodeURIComponent(token)}`
const checkoutPath = (id: string): string => `/api/checkout/${encodeURIComponent(id)}`

export const api = {
  session: (): Promise<SignedInView> => fetchJson('GET', '/api/auth/session'),
  login: (username: string, password: string, keep: boolean): Promise<SignedInView> =>
    fetchJson('POST', '/api/auth/login', { body: { username, password, keep } }),
  /** The seat's token counts as this seat's request, not as one of its Wi-Fi. */
  createGuest: (seatToken: string): Promise<SignedInView> =>
    fetchJson('POST', `/api/auth/guest?seat=${encodeURIComponent(seatToken)}`, { body: {} }),
  logout: () => send('POST', '/api/auth/logout'),
  devices: (): Promise<SessionView[]> => fetchJson('GET', '/api/auth/sessions'),
  signOutDevice: (id: string) => send('DELETE', `/api/auth/sessions/${encodeURIComponent(id)}`),
  signOutOtherDevices: () => send('DELETE', '/api/auth/sessions'),
  changePassword: (currentPassword: string, newPassword: string) =>
    send('POST', '/api/auth/password', { body: { currentPassword, newPassword } }),

  seatMenu: (token: string): Promise<SeatMenuView> => fetchJson('GET', seatPath(token)),
  placeOrder: (token: string, order: NewOrder, idempotencyKey: string): Promise<OrderView> =>
    fetchMember('order', 'POST', `${seatPath(token)}/orders`, {
      body: order,
      headers: { 'idempotency-key': idempotencyKey },
    }),
  order: (id: number): Promise<OrderView> => fetchMember('order', 'GET', `/api/orders/${id}`),
  ownOrders: (): Promise<OrderView[]> => fetchMember('orders', 'GET', '/api/orders?mine=1'),
  startPayment: (id: number): Promise<PaymentView> =>
    fetchMember('payment', 'POST', `/api/orders/${id}/payment`),
  payInCash: (id: number): Promise<OrderView> =>
    fetchMember('order', 'POST', `/api/orders/${id}/pay-in-cash`),
  checkout: (id: string): Promise<CheckoutView> => fetchJson('GET', checkoutPath(id)),
  settleSimulated: (id: string, outcome: 'pay' | 'fail') => send('POST', `${checkoutPath(id)}/${outcome}`),

  theatreSeats: (id: number): Promise<TheatreSeatsView> => fetchJson('GET', `/api/theatres/${id}/seats`),
  /** The orders that ended last. */
  endedOrders: (id: number): Promise<OrderView[]> =>
    fetchMember('orders', 'GET', `/api/theatres/${id}/orders?ended=1`),
  /** `keepalive`: the request outlives the page. */
  changeOrder: (id: number, action: StaffAction, { keepalive = false } = {}): Promise<OrderView> =>
    fetchMember('order', 'POST', `/api/orders/${id}/${action}`, { keepalive }),
  setAvailable: (id: number, available: boolean): Promise<MenuItemView> =>
    fetchMember('menuItem', 'PATCH', `/api/menu-items/${id}`, { body: { available } }),

  paymentIssues: (): Promise<PaymentIssueView[]> => fetchMember('issues', 'GET', '/api/payment-issues'),
  resolveIssue: (id: number, note: string): Promise<PaymentIssueView> =>
    fetchMember('issue', 'POST', `/api/payment-issues/${id}/resolve`, { body: { note } }),
  /** `amount` in paise. Repeated with the same key it is one refund. */
  refundOrder: (id: number, amount: number, idempotencyKey: string): Promise<OrderView> =>
    fetchMember('order', 'POST', `/api/orders/${id}/refund`, {
      body: { amount },
      headers: { 'idempotency-key': idempotencyKey },
    }),

  messages: (chat: number, before?: number): Promise<MessagePage> =>
    fetchJson('GET', `/api/chats/${chat}/messages${before === undefined ? '' : `?before=${before}`}`),
  sendMessage: (chat: number, text: string, clientId: string): Promise<MessageView> =>
    fetchMember('message', 'POST', `/api/chats/${chat}/messages`, { body: { text, clientId } }),
  /** `upTo`: the last message on the screen; a later one stays unread. */
  markRead: (chat: number, upTo: number) => send('POST', `/api/chats/${chat}/read?upTo=${upTo}`),
}
