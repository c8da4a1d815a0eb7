import { DomainError } from '../errors.js'
import { isPaymentId, type PaymentProvider, type PaymentRequest } from './provider.js'

export interface RazorpayOptions {
  keyId: string
  keySecret: string
  /** without a slash at the end */
  baseUrl?: string
  deadlineMs?: number
}

const BASE_URL = 'https://api.razorpay.com'
/** a customer waits at the counter of a web page: longer than this is a failure */
const DEADLINE_MS = 8000

/** Razorpay's Orders API (https://razorpay.com/docs/api/orders/create/). */
export function createRazorpayProvider(options: RazorpayOptions): PaymentProvider {
  const { keyId, keySecret, baseUrl = BASE_URL, deadlineMs = DEADLINE_MS } = options
  const authorization = `Basic ${Buffer.from(`${keyId}:${keySecret}`).toString('base64')}`

  async function post({ orderId, amount }: PaymentRequest): Promise<unknown> {
    const response = await fetch(`${baseUrl}/v1/orders`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ amount, currency: 'INR', receipt: `order-${orderId}` }),
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`Razorpay answered ${response.status}`)
    }
    return await response.json()
  }

  return {
    name: 'razorpay',
    publicKey: keyId,
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

/** What Razorpay answered must be the order that was asked for: its id ends up in paths and queries. */
function readOrderId(body: unknown, amount: number): string {
  if (typeof body === 'object' && body !== null && 'id' in body && 'amount' in body && 'currency' in body) {
    const { id } = body
    if (typeof id === 'string' && isPaymentId(id) && body.amount === amount && body.currency === 'INR')
      return id
  }
  throw new Error('Razorpay’s answer is not the order that was asked for')
}

function providerUnavailable(cause: unknown): DomainError {
  const error = new DomainError(
    503,
    'payment_provider_unavailable',
    'The payment can’t be started just now: try again.',
    { retryAfter: 5 },
  )
  error.cause = cause
  return error
}
