import type { PaymentStatus } from '../protocol/messages.js'
import type { CheckoutRecord, PaymentRecord } from './payment-queries.js'
import type { PaymentProvider } from './provider.js'

/** `amount` in paise. */
export interface PaymentView {
  id: string
  provider: string
  status: PaymentStatus
  amount: number
  checkoutUrl: string
}

export function viewPayment(payment: PaymentRecord, provider: PaymentProvider): PaymentView {
  const { id, status, amount } = payment
  return { id, provider: payment.provider, status, amount, checkoutUrl: provider.checkoutUrl(id) }
}

export interface CheckoutView {
  payment: { id: string; status: PaymentStatus; amount: number; orderId: number; provider: string }
  theatreName: string
  /** names us to the provider's checkout in the browser; null: it needs nothing */
  publicKey: string | null
}

/** What the page needs at which the customer pays. */
export function viewCheckout(checkout: CheckoutRecord, { publicKey }: PaymentProvider): CheckoutView {
  const { id, status, amount, orderId, provider, theatreName } = checkout
  return { payment: { id, status, amount, orderId, provider }, theatreName, publicKey }
}
