import type { ReceiptView } from '../../src/protocol/manager-views.js'
import type {
  CheckoutView,
  ManagedItemView,
  MessageView,
  OrderingView,
  OrderView,
  PaymentIssueView,
  PaymentView,
  SeatMenuView,
  SessionView,
  SignedInView,
  SoldOutView,
  TheatreSeatsView,
} from '../../src/protocol/views.js'
import { checkAnswer, readNothing, readObject } from './answer.js'
import { ApiError } from './api-error.js'
import { reportFailedCall } from './failed-calls.js'
import { isForPage, userHeader } from './page-user.js'
import { takeAnswer } from './preload.js'
import { repeatLost } from './retry.js'
import { noteDateHeader } from './server-time.js'

export { ApiError }

const DEADLINE_MS = 15_000
/** for a file, which a slow network takes longer for */
const FILE_DEADLINE_MS = 60_000

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface RequestOptions {
  body?: object
  /** sent as it is, in the place of a body */
  file?: Blob
  headers?: Record<string, string>
  keepalive?: boolean
  /** Doing it twice is doing it once, and no money is meant: where the answer is lost it is sent again. */
  repeatable?: boolean
  /** begins a guest's session where there is none */
  begins?: boolean
}

function fetchOnce(
  method: Method,
  path: string,
  { body, file, headers = {}, keepalive = false }: RequestOptions,
): Promise<Response> {
  return fetch(path, {
    method,
    headers: {
      accept: 'application/json',
      ...userHeader(),
      ...headers,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(file ? { 'content-type': 'application/octet-stream' } : {}),
    },
    credentials: 'same-origin',
    keepalive,
    cache: 'no-store',
    // The service does not redirect its calls: a captive portal does.
    redirect: 'manual',
    signal: AbortSignal.timeout(file ? FILE_DEADLINE_MS : DEADLINE_MS),
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(file ? { body: file } : {}),
  })
}

/** Sends a request and reads its answer, again if it may be repeated and its answer is lost. */
async function call<T>(
  method: Method,
  path: string,
  options: RequestOptions,
  read: (response: Response) => T | Promise<T>,
): Promise<T> {
  const once = async (): Promise<T> => {
    const preloaded = method === 'GET' ? takeAnswer(path) : null
    // Requested by the page's first script, so some time after the page's start.
    const sentAt = preloaded ? 0 : performance.now()
    const response = await (preloaded ?? fetchOnce(method, path, options)).catch((error: unknown) => {
      throw new ApiError(0, 'no_answer', String(error))
    })
    if (!isForPage(response, options.begins ?? false))
      throw new ApiError(409, 'other_user', 'Someone else is signed in here by now.')
    const answer = await read(await checkAnswer(response))
    noteDateHeader(response.headers.get('date'), sentAt)
    return answer
  }
  const reported = (): Promise<T> =>
    once().catch((error: unknown) => {
      if (error instanceof ApiError && error.isLost) reportFailedCall()
      throw error
    })
  return options.repeatable ? repeatLost(reported) : reported()
}

/** The JSON object, or array, that a call answers with. `member` is one that it always has. */
export function fetchJson<T extends object>(
  member: keyof T & string,
  method: Method,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  return call(method, path, options, (response) => readObject<T>(response, member))
}

/** The one member of answers such as `{order}`. */
export async function fetchMember<K extends string, T>(
  name: K,
  method: Method,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  return (await fetchJson<Record<K, T>>(name, method, path, options))[name]
}

/** A call whose answer is empty. */
export function send(method: Method, path: string, options: RequestOptions = {}): Promise<void> {
  return call(method, path, options, readNothing)
}

export type StaffAction = 'seen' | 'deliver' | 'cancel' | 'collect-cash' | 'undo'

export interface NewOrder {
  items: { menuItemId: number; quantity: number; options?: readonly { group: string; choice: string }[] }[]
  paymentMethod: 'online' | 'cash'
  phone?: string
  /** for the kitchen */
  note?: string
  /** the sum on the button, in paise */
  expectedTotal: number
}

export interface MessagePage {
  messages: MessageView[]
  /** whether there are earlier ones */
  more: boolean
}

export const REPEATABLE = { repeatable: true } as const

const seatPath = (token: string): string => `/api/seats/${encodeURIComponent(token)}`
const checkoutPath = (id: string): string => `/api/checkout/${encodeURIComponent(id)}`

export const api = {
  session: (): Promise<SignedInView> => fetchJson('user', 'GET', '/api/auth/session'),
  login: (username: string, password: string, keep: boolean): Promise<SignedInView> =>
    fetchJson('user', 'POST', '/api/auth/login', { body: { username, password, keep } }),
  /** The seat's token counts this as a request of the seat, not of its Wi-Fi. */
  createGuest: (seatToken: string): Promise<SignedInView> =>
    fetchJson('user', 'POST', `/api/auth/guest?seat=${encodeURIComponent(seatToken)}`, {
      body: {},
      begins: true,
      ...REPEATABLE,
    }),
  logout: () => send('POST', '/api/auth/logout', REPEATABLE),
  devices: (): Promise<SessionView[]> => fetchJson('length', 'GET', '/api/auth/sessions'),
  signOutDevice: (id: string) => send('DELETE', `/api/auth/sessions/${encodeURIComponent(id)}`),
  signOutOtherDevices: () => send('DELETE', '/api/auth/sessions'),
  changePassword: (currentPassword: string, newPassword: string) =>
    send('POST', '/api/auth/password', { body: { currentPassword, newPassword } }),

  /** null: the service sends no notifications */
  pushKey: (): Promise<string | null> => fetchMember('key', 'GET', '/api/push'),
  subscribePush: (subscription: object) => send('POST', '/api/push', { body: subscription, ...REPEATABLE }),
  unsubscribePush: (subscription: { endpoint: string; order?: number }) =>
    send('DELETE', '/api/push', { body: subscription, ...REPEATABLE }),

  receipt: (orderId: number): Promise<ReceiptView> =>
    fetchMember('receipt', 'GET', `/api/orders/${orderId}/receipt`),
  seatMenu: (token: string): Promise<SeatMenuView> => fetchJson('seat', 'GET', seatPath(token)),
  placeOrder: (token: string, order: NewOrder, idempotencyKey: string): Promise<OrderView> =>
    fetchMember('order', 'POST', `${seatPath(token)}/orders`, {
      body: order,
      headers: { 'idempotency-key': idempotencyKey },
      begins: true,
    }),
  order: (id: number): Promise<OrderView> => fetchMember('order', 'GET', `/api/orders/${id}`),
  ownOrders: (): Promise<OrderView[]> => fetchMember('orders', 'GET', '/api/orders?mine=1'),
  startPayment: (id: number): Promise<PaymentView> =>
    fetchMember('payment', 'POST', `/api/orders/${id}/payment`),
  payInCash: (id: number): Promise<OrderView> =>
    fetchMember('order', 'POST', `/api/orders/${id}/pay-in-cash`),
  checkout: (id: string): Promise<CheckoutView> => fetchJson('payment', 'GET', checkoutPath(id)),
  settleSimulated: (id: string, outcome: 'pay' | 'fail') => send('POST', `${checkoutPath(id)}/${outcome}`),

  theatreSeats: (id: number): Promise<TheatreSeatsView> =>
    fetchJson('halls', 'GET', `/api/theatres/${id}/seats`),
  /** The orders that ended last. */
  endedOrders: (id: number): Promise<OrderView[]> =>
    fetchMember('orders', 'GET', `/api/theatres/${id}/orders?ended=1`),
  /** All of whom cash is owed, or money is due back. */
  owedOrders: (id: number): Promise<OrderView[]> =>
    fetchMember('orders', 'GET', `/api/theatres/${id}/orders?owed=1`),
  changeOrder: (id: number, action: StaffAction): Promise<OrderView> =>
    fetchMember('order', 'POST', `/api/orders/${id}/${action}`, REPEATABLE),
  /** `until`: sold out for an hour, till the end of the day, or until somebody says otherwise. */
  setAvailable: (id: number, available: boolean, until?: 'hour' | 'day'): Promise<ManagedItemView> =>
    fetchMember('menuItem', 'PATCH', `/api/menu-items/${id}`, {
      body: { available, ...(until ? { until } : {}) },
      ...REPEATABLE,
    }),
  /** When sold-out items are available again by themselves. */
  soldOut: (id: number): Promise<SoldOutView[]> =>
    fetchMember('soldOut', 'GET', `/api/theatres/${id}/sold-out`),
  pauseOrdering: (id: number, minutes: number | null): Promise<OrderingView> =>
    fetchMember('theatre', 'POST', `/api/theatres/${id}/pause`, { body: { minutes }, ...REPEATABLE }),
  resumeOrdering: (id: number): Promise<OrderingView> =>
    fetchMember('theatre', 'POST', `/api/theatres/${id}/resume`, REPEATABLE),

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
    fetchJson(
      'messages',
      'GET',
      `/api/chats/${chat}/messages${before === undefined ? '' : `?before=${before}`}`,
      REPEATABLE,
    ),
  sendMessage: (chat: number, text: string, clientId: string): Promise<MessageView> =>
    fetchMember('message', 'POST', `/api/chats/${chat}/messages`, { body: { text, clientId } }),
  /** `upTo`: the last message on the screen; a later one stays unread. */
  markRead: (chat: number, upTo: number) => send('POST', `/api/chats/${chat}/read?upTo=${upTo}`, REPEATABLE),
}
