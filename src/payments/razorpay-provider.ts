import { DomainError } from '../errors.js'
import { isPaymentId, type PaymentProvider, type PaymentRequest } from './provider.js'

export interface RazorpayOptions {
  /** null: no payment can be started */
  keys: { id: string; secret: string } | null
  /** without a slash at the end */
  baseUrl?: string
  deadlineMs?: number
}

const BASE_URL = 'https://api.razorpay.com'
/** ms; the customer is waiting for the checkout */
const DEADLINE_MS = 8000

/** Razorpay's Orders API (https://razorpay.com/docs/api/orders/create/). */
export function createRazorpayProvider(options: RazorpayOptions): PaymentProvider {
  const { keys, baseUrl = BASE_URL, deadlineMs = DEADLINE_MS } = options

  async function post({ orderId, amount }: PaymentRequest): Promise<unknown> {
    if (!keys) throw new Error('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are unset')
    const authorization = `Basic ${Buffer.from(`${keys.id}:${keys.secret}`).toString('base64')}`
    const response = await fetch(`${baseUrl}/v1/orders`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ amount, currency: 'INR', receipt: `order-${orderId}` }),
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`Razorpay responded with status ${response.status}`)
    }
    return await response.json()
  }

  return {
    name: 'razorpay',
    publicKey: keys?.id ?? null,
    async createOrder(request) {
      try {
        return { id: readOrderId(await post(request), request.amount) }
      } catch (cause) {
        throw providerUnavailable(cause)
      }
    },
    checkoutUrl: (paymentId) => `/checkout/${paymentId}`,
  }
}

/** Checks that the response is the order that was requested: its id ends up in paths and queries. */
function readOrderId(body: unknown, amount: number): string {
  if (typeof body === 'object' && body !== null && 'id' in body && 'amount' in body && 'currency' in body) {
    const { id } = body
    if (typeof id === 'string' && isPaymentId(id) && body.amount === amount && body.currency === 'INR')
      return id
  }
  throw new Error('Razorpay’s response is not the order that was requested')
}

function providerUnavailable(cause: unknown): DomainError {
  const error = new DomainError(
    503,
    'payment_provider_unavailable',
    'The payment can’t be started right now: try again.',
    { retryAfter: 5 },
  )
  error.cause = cause
  return error
}
