import { DomainError } from '../errors.js'

const WEBHOOK_EVENTS = ['payment.captured', 'payment.failed', 'refund.processed'] as const
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number]

/** The parsed body of a webhook. */
export interface WebhookEvent {
  name: WebhookEventName
  /** our payment's id: the provider's order id */
  paymentId: string
  /** the provider's id of the individual charge; null: missing */
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

/** Parses a signed body; null for a kind of event that is not handled. Throws 400 `malformed_webhook`. */
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
  if (!Number.isSafeInteger(amount)) throw malformed('has an amount that is not an integer')
  return { name, paymentId, entityId: readEntityId(member(entity, 'id')), amount, currency }
}

/** Only tells which of two captures a refund belongs to, so an invalid id is treated as missing. */
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
    throw malformed('has no valid X-Razorpay-Event-Id')
  return header
}
