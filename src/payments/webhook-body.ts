import { createHash } from 'node:crypto'
import type { ProviderCharge, ProviderRefund, ProviderReport } from './ledger.js'
import { member, readCharge, readRefund, readText } from './razorpay-entities.js'

// Reads a signed webhook. Whatever the body contains, it is a webhook: what cannot be read has no report.

export interface WebhookBody {
  /** `event`; null: none */
  name: string | null
  /** what it says of a charge and a refund, if its event is one that is acted on */
  report: ProviderReport | null
}

const CHARGE_STATES: Record<string, ProviderCharge['state']> = {
  'payment.captured': 'captured',
  'payment.failed': 'failed',
  // in these a charge counts as captured only if it says so itself
  'refund.created': 'other',
  'refund.processed': 'other',
  'refund.failed': 'other',
}
const REFUND_STATUSES: Record<string, ProviderRefund['status']> = {
  'refund.created': 'pending',
  'refund.processed': 'processed',
  'refund.failed': 'failed',
}

/** Parses a signed body. Never throws. */
export function readWebhook(rawBody: Buffer): WebhookBody {
  const body = parse(rawBody)
  const name = readText(member(body, 'event'))
  if (name === null || !Object.hasOwn(CHARGE_STATES, name)) return { name, report: null }
  const payload = member(body, 'payload')
  const charge = readCharge(member(member(payload, 'payment'), 'entity'), CHARGE_STATES[name])
  const status = REFUND_STATUSES[name]
  const refund = status ? readRefund(member(member(payload, 'refund'), 'entity'), status) : null
  return { name, report: charge || refund ? { charge, refund } : null }
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody))
  } catch {
    return null
  }
}

/** What makes a repeated webhook the same one: the event's id from the header, or else the hash of the body. */
export function webhookId(header: string | undefined, rawBody: Buffer): string {
  return readText(header) ?? `sha256:${createHash('sha256').update(rawBody).digest('hex')}`
}
