import type { PaymentsConfig } from '../config/config.js'

/** An order to be paid. */
export interface PaymentRequest {
  orderId: number
  /** paise */
  amount: number
}

/** A payment provider. It may be slow, so it is called outside transactions. */
export interface PaymentProvider {
  readonly name: PaymentsConfig['provider']
  /** identifies us in the provider's checkout in the browser; null if it needs no key */
  readonly publicKey: string | null
  /** Registers a payment and returns the provider's id for it. Throws 503 `payment_provider_unavailable`. */
  createOrder(request: PaymentRequest): Promise<{ id: string }>
  /** The path of our page on which the customer pays. */
  checkoutUrl(paymentId: string): string
}

/** Whether the text has the form of a provider's payment id. */
export function isPaymentId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
}
