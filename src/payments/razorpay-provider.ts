import { randomUUID } from 'node:crypto'
import { DomainError } from '../errors.js'
import type { ProviderCharge } from './ledger.js'
import { isPaymentId, type PaymentProvider, ProviderRefused } from './provider.js'
import { ProviderFailed } from './provider-failures.js'
import { readCharge, readRefund, readRefundedAmount } from './razorpay-entities.js'

export interface RazorpayOptions {
  /** null: no payment can be started */
  keys: { id: string; secret: string } | null
  /** without a slash at the end; null: Razorpay's */
  apiUrl: string | null
  deadlineMs?: number
}

const API_URL = 'https://api.razorpay.com'
/** ms; the customer is waiting for the checkout */
const DEADLINE_MS = 8000
/** charges per page; the API's maximum */
const PAGE = 100
/**
 * Statuses that mean it will not do this. All others may change: wrong keys (401), a rate limit (429), a request with the
 * same idempotency key under way (409).
 */
const REFUSALS = new Set([400, 404, 422])

/** Without automatic capture Razorpay gives a payment back after some days. In minutes: five days, the most it allows. */
const CAPTURE = {
  capture: 'automatic',
  capture_options: { automatic_expiry_period: 7200, manual_expiry_period: 7200, refund_speed: 'normal' },
}

interface Call {
  method?: 'GET' | 'POST'
  path: string
  body?: object
  headers?: Record<string, string>
}

/** Razorpay's API: orders, payments and refunds (https://razorpay.com/docs/api/). */
export function createRazorpayProvider(options: RazorpayOptions): PaymentProvider {
  const { keys, deadlineMs = DEADLINE_MS } = options
  const apiUrl = options.apiUrl ?? API_URL

  async function call({ method = 'GET', path, body, headers }: Call): Promise<unknown> {
    if (!keys) throw new Error('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are unset')
    const authorization = `Basic ${Buffer.from(`${keys.id}:${keys.secret}`).toString('base64')}`
    const response = await fetch(`${apiUrl}/v1${path}`, {
      method,
      headers: {
        authorization,
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    }).catch((error: unknown) => Promise.reject(unanswered(error)))
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return answer
    const text = `Razorpay responded with status ${response.status}: ${describe(answer)}`
    throw REFUSALS.has(response.status)
      ? new ProviderRefused(text)
      : new ProviderFailed(text, response.status)
  }

  return {
    name: 'razorpay',
    publicKey: keys?.id ?? null,
    async createOrder({ orderId, amount }) {
      // Razorpay limits receipts to 40 characters; each attempt has its own
      const receipt = `order-${orderId}-${randomUUID().slice(0, 8)}`
      const body = { amount, currency: 'INR', receipt, payment: CAPTURE }
      try {
        return { id: readOrderId(await call({ method: 'POST', path: '/orders', body }), amount) }
      } catch (cause) {
        throw providerUnavailable('The payment can’t be started right now: try again.', cause)
      }
    },
    checkoutUrl: (paymentId) => `/checkout/${paymentId}`,
    async refund({ chargeId, amount, key }) {
      const path = `/payments/${encodeURIComponent(chargeId)}/refund`
      const headers = { 'x-refund-idempotency': key }
      const answer = await call({ method: 'POST', path, body: { amount, receipt: key }, headers })
      const refund = readRefund(answer)
      if (!refund) throw new Error('Razorpay’s response is not a refund')
      return { ...refund, key }
    },
    async chargesOf(paymentId) {
      const answer = await call({ path: `/orders/${encodeURIComponent(paymentId)}/payments` })
      return itemsOf(answer).flatMap((item) => readCharge(item) ?? [])
    },
    async refundsOf(chargeId) {
      const answer = await call({ path: `/payments/${encodeURIComponent(chargeId)}/refunds?count=${PAGE}` })
      return itemsOf(answer).flatMap((item) => readRefund(item) ?? [])
    },
    async *chargesSince(since) {
      const from = Math.floor(since.getTime() / 1000)
      // a fixed end: charges made meanwhile would shift the pages
      const to = Math.floor(Date.now() / 1000)
      for (let skip = 0; ; skip += PAGE) {
        const page = itemsOf(
          await call({ path: `/payments?from=${from}&to=${to}&count=${PAGE}&skip=${skip}` }),
        )
        for (const item of page) {
          const charge: ProviderCharge | null = readCharge(item)
          if (charge) yield { ...charge, refunded: readRefundedAmount(item) }
        }
        if (page.length < PAGE) return
      }
    },
  }
}

/** Of a failed `fetch`, which has the reason as its cause. */
function unanswered(error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`Razorpay did not answer: ${reason}`, { cause })
}

function itemsOf(answer: unknown): unknown[] {
  if (typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items))
    return answer.items
  throw new Error('Razorpay’s response is not a list')
}

/** Razorpay's own description of an error; it names no customer. */
function describe(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return 'no description'
  const { error } = answer
  const hasText = typeof error === 'object' && error !== null && 'description' in error
  return hasText ? String(error.description).slice(0, 200) : 'no description'
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

export function providerUnavailable(message: string, cause: unknown): DomainError {
  const error = new DomainError(503, 'payment_provider_unavailable', message, { retryAfter: 5 })
  error.cause = cause
  return error
}
