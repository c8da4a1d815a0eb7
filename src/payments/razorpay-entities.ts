import type { ProviderCharge, ProviderRefund } from './ledger.js'

// Reads the entities of Razorpay, which its webhooks and its API share. What is missing or malformed makes no entity.

const MAX_ID_LENGTH = 255

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An own member of an object; undefined for everything else. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** Visible ASCII of a bounded length, else null. */
export const readText = (value: unknown): string | null =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= MAX_ID_LENGTH ? value : null

const readAmount = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null

/** Reads a payment entity. `state`: what is known of it if the entity does not say whether it was captured. */
export function readCharge(entity: unknown, state?: ProviderCharge['state']): ProviderCharge | null {
  const amount = readAmount(member(entity, 'amount'))
  const currency = readText(member(entity, 'currency'))
  if (amount === null || currency === null) return null
  return {
    id: readText(member(entity, 'id')),
    paymentId: readText(member(entity, 'order_id')),
    amount: amount - Math.min(customerFee(entity), amount),
    currency,
    state: readState(entity, state),
  }
}

function readState(entity: unknown, said: ProviderCharge['state'] = 'other'): ProviderCharge['state'] {
  const captured = member(entity, 'captured')
  if (captured === true) return 'captured'
  if (captured === false)
    return said === 'failed' || member(entity, 'status') === 'failed' ? 'failed' : 'other'
  return said
}

/** Paise that the customer paid on top of the order's amount, if the account charges them the fee. */
function customerFee(entity: unknown): number {
  return member(entity, 'fee_bearer') === 'customer' ? (readAmount(member(entity, 'fee')) ?? 0) : 0
}

/** Paise that a payment entity says were given back. */
export const readRefundedAmount = (entity: unknown): number =>
  readAmount(member(entity, 'amount_refunded')) ?? 0

const REFUND_STATUSES = new Set(['pending', 'processed', 'failed'])
const isRefundStatus = (text: unknown): text is ProviderRefund['status'] =>
  typeof text === 'string' && REFUND_STATUSES.has(text)

/** Reads a refund entity. `status`: what an event's name says, else the entity's own. */
export function readRefund(entity: unknown, status?: ProviderRefund['status']): ProviderRefund | null {
  const id = readText(member(entity, 'id'))
  const chargeId = readText(member(entity, 'payment_id'))
  const amount = readAmount(member(entity, 'amount'))
  const state = status ?? member(entity, 'status')
  if (id === null || chargeId === null || amount === null || !isRefundStatus(state)) return null
  return { id, chargeId, amount, status: state, key: readText(member(entity, 'receipt')) }
}
