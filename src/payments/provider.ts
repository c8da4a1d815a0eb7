import type { PaymentsConfig } from '../config/config.js'

/** What is to be paid. */
export interface PaymentRequest {
  orderId: number
  /** paise */
  amount: number
}

/** Who takes the money. Asked outside of transactions: it may be slow. */
export interface PaymentProvider {
  readonly name: PaymentsConfig['provider']
  /** what its checkout in the browser needs to name us; null: nothing */
  readonly publicKey: string | null
  /** Registers a payment; its id is the provider's. Throws 503 `payment_provider_unavailable`. */
  createOrder(request: PaymentRequest): Promise<{ id: string }>
  /** Where the customer pays: a path of ours. */
  checkoutUrl(paymentId: string): string
}

/** A payment's id as providers give it; other text in its place names no payment. */
export function isPaymentId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
}
