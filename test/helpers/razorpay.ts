import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { listen } from './listen.js'
import { type Charge, RazorpayBooks, type Refund } from './razorpay-books.js'
import { RazorpayOutbox } from './razorpay-outbox.js'
import type { Teardown } from './teardown.js'

// A stand-in for Razorpay's API (https://razorpay.com/docs/api/) on a real socket, for RAZORPAY_API_URL: orders, payments
// and refunds, their errors and limits as documented. `books` has what its customers and its dashboard do.

export const RAZORPAY_KEYS = { id: 'rzp_test_standin', secret: 'standin-key-secret-nobody-may-see' }

/** What goes wrong with the next requests. */
export interface Faults {
  /** connections are cut before anything happens */
  down: boolean
  /** ms before each answer */
  delayMs: number
  /** of the next requests: `lost` does it and cuts the connection, a number answers with that status */
  next: ('lost' | number)[]
  /** ids: each request about one of them is answered with 500 */
  broken: Set<string>
}

export interface Razorpay {
  url: string
  books: RazorpayBooks
  outbox: RazorpayOutbox
  faults: Faults
  /** method and path of each request, in order */
  requests: string[]
  /** the environment of a service that uses it */
  env: Record<string, string>
}

/** Starts the stand-in; it stops at teardown. `secret` signs its webhooks. */
export async function startRazorpay(t: Teardown, { secret }: { secret: string }): Promise<Razorpay> {
  const outbox = new RazorpayOutbox(secret)
  const books = new RazorpayBooks((event, payload) => outbox.add(event, payload))
  const faults: Faults = { down: false, delayMs: 0, next: [], broken: new Set() }
  const requests: string[] = []
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    serve(request, response, { books, faults }).catch((error: unknown) => response.destroy(error as Error))
  })
  const url = `http://127.0.0.1:${await listen(server)}`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const env = {
    PAYMENT_PROVIDER: 'razorpay',
    RAZORPAY_KEY_ID: RAZORPAY_KEYS.id,
    RAZORPAY_KEY_SECRET: RAZORPAY_KEYS.secret,
    RAZORPAY_API_URL: url,
  }
  return { url, books, outbox, faults, requests, env }
}

interface Standin {
  books: RazorpayBooks
  faults: Faults
}

interface Reply {
  status: number
  body: object
}

async function serve(request: IncomingMessage, response: ServerResponse, { books, faults }: Standin) {
  let text = ''
  for await (const chunk of request) text += chunk
  if (faults.down) return response.destroy()
  const isBroken = request.url?.split(/[/?]/).some((part) => faults.broken.has(part))
  const fault = isBroken ? 500 : faults.next.shift()
  const { status, body } = typeof fault === 'number' ? failure(fault) : answer(request, text, books)
  if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs))
  if (fault === 'lost') return response.destroy()
  return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const failure = (status: number): Reply =>
  status < 500
    ? refusal('The request could not be processed', status)
    : { status, body: { error: { code: 'SERVER_ERROR', description: 'We are facing some trouble' } } }

/** An error as Razorpay describes it. */
function refusal(description: string, status = 400): Reply {
  const details = { source: 'business', step: 'payment_initiation', reason: 'input_validation_failed' }
  return { status, body: { error: { code: 'BAD_REQUEST_ERROR', description, ...details, metadata: {} } } }
}

const AUTHORIZATION = `Basic ${Buffer.from(`${RAZORPAY_KEYS.id}:${RAZORPAY_KEYS.secret}`).toString('base64')}`

function answer(request: IncomingMessage, text: string, books: RazorpayBooks): Reply {
  if (request.headers.authorization !== AUTHORIZATION) return refusal('Authentication failed', 401)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const [, version, kind, id, action] = pathname.split('/')
  if (version !== 'v1') return refusal('The requested URL was not found on the server.', 404)
  const call = `${request.method} ${kind}${id ? ' id' : ''}${action ? ` ${action}` : ''}`
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  switch (call) {
    case 'POST orders':
      return createOrder(books, body)
    case 'GET orders id payments':
      return books.orders.has(id ?? '') ? list(books.chargesOf(id ?? '')) : unknownId()
    case 'GET payments':
      return listPayments(books, searchParams)
    case 'GET payments id refunds':
      return books.charges.has(id ?? '')
        ? list(books.refundsOf(id ?? '').slice(0, countOf(searchParams)))
        : unknownId()
    case 'POST payments id refund':
      return createRefund(books, id ?? '', body, request.headers['x-refund-idempotency'])
    default:
      return refusal('The requested URL was not found on the server.', 404)
  }
}

const unknownId = () => refusal('The id provided does not exist')
const ok = (body: object): Reply => ({ status: 200, body })
const list = (items: readonly object[]) => ok({ entity: 'collection', count: items.length, items })

function createOrder(books: RazorpayBooks, body: Record<string, unknown>): Reply {
  const { amount, currency, receipt } = body
  if (!Number.isInteger(amount) || Number(amount) < 100) {
    return refusal('Order amount less than minimum amount allowed')
  }
  if (currency !== 'INR') return refusal('The currency should be INR')
  if (typeof receipt === 'string' && receipt.length > 40) {
    return refusal('receipt: the length must be no more than 40.')
  }
  return ok(books.createOrder(Number(amount), typeof receipt === 'string' ? receipt : null))
}

const countOf = (query: URLSearchParams) => Math.min(Number(query.get('count') ?? 10), 100)

/** The newest first, as Razorpay lists them. */
function listPayments(books: RazorpayBooks, query: URLSearchParams): Reply {
  const from = Number(query.get('from') ?? 0)
  const to = Number(query.get('to') ?? Number.MAX_SAFE_INTEGER)
  const skip = Number(query.get('skip') ?? 0)
  const matching = [...books.charges.values()]
    .filter(({ created_at }) => created_at >= from && created_at <= to)
    .reverse()
  return list(matching.slice(skip, skip + countOf(query)))
}

function createRefund(
  books: RazorpayBooks,
  chargeId: string,
  body: Record<string, unknown>,
  key: string | string[] | undefined,
): Reply {
  const charge = books.charges.get(chargeId)
  if (!charge) return unknownId()
  if (key !== undefined && (typeof key !== 'string' || !/^[\w-]{10,}$/.test(key))) {
    return refusal('The idempotency key must be at least 10 characters of letters, digits, - and _')
  }
  const earlier = key === undefined ? undefined : books.keys.get(key)
  if (earlier) {
    if (earlier.body === JSON.stringify(body)) return ok(earlier.refund)
    return refusal('Different request body sent with the same idempotency key')
  }
  const error = refundError(books, charge, body.amount)
  if (error) return refusal(error)
  const receipt = typeof body.receipt === 'string' ? body.receipt : null
  const refund: Refund = books.refund(chargeId, Number(body.amount ?? books.refundable(charge)), receipt)
  if (key !== undefined) books.keys.set(key, { body: JSON.stringify(body), refund })
  return ok(refund)
}

function refundError(books: RazorpayBooks, charge: Charge, amount: unknown): string | null {
  if (!charge.captured) return 'The payment status should be captured for action to be taken'
  const left = books.refundable(charge)
  if (left === 0) return 'The payment has been fully refunded already'
  if (amount === undefined) return null
  if (!Number.isInteger(amount) || Number(amount) < 100) return 'The amount must be at least INR 1.00'
  if (Number(amount) > left) return 'The refund amount provided is greater than amount captured'
  return books.lowBalance
    ? 'Your account does not have enough balance to carry out the refund operation.'
    : null
}
