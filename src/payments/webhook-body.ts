import { DomainError } from '../errors.js'

export const WEBHOOK_EVENTS = ['payment.captured', 'payment.failed', 'refund.processed'] as const
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number]

/** What a webhook says, read from its body. */
export interface WebhookEvent {
  name: WebhookEventName
  /** our payment's id: the provider's order id */
  paymentId: string
  /** the provider's own id of what was paid; null: not told */
  entityId: string | null
  /** paise, if `currency` is INR */
  amount: number
  currency: string
}

const malformed = (what: string) => new DomainError(400, 'malformed_webhook', `The webhook ${what}.`)

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/**
 * Reads a signed body; null for an event of a kind that does not concern us. Throws 400 `malformed_webhook`.
 */
export function readWebhook(rawBody: Buffer): WebhookEvent | null {
  const body = parse(rawBody)
  const event = member(body, 'event')
  if (typeof event !== 'string') throw malformed('has no event')
  const name = WEBHOOK_EVENTS.find((known) => known === event)
  if (!name) return null
  const entity = member(member(member(body, 'payload'), 'payment'), 'entity')
  const paymentId = member(entity, 'order_id')
  const amount = member(entity, 'amount')
  const currency = member(entity, 'currency')
  if (typeof paymentId !== 'string' || typeof currency !== 'string' || typeof amount !== 'number') {
    throw malformed('has no payment entity with order_id, amount and currency')
  }
  if (!Number.isSafeInteger(amount)) throw malformed('has an amount that is no whole number')
  return { name, paymentId, entityId: readEntityId(member(entity, 'id')), amount, currency }
}

/** Nothing hangs on it but which of two captures a refund is of: what can't be an id is none. */
const readEntityId = (value: unknown): string | null =>
  typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value) ? value : null

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody))
  } catch {
    throw malformed('is not JSON')
  }
}

/** The provider's id of the event, from its header. Throws 400 `malformed_webhook`. */
export function readEventId(header: string | undefined): string {
  if (header === undefined || !/^[\x21-\x7e]{1,255}$/.test(header))
    throw malformed('has no X-Razorpay-Event-Id')
  return header
}
