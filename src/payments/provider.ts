import type { PaymentsConfig } from '../config/config.js'
import type { ProviderCharge, ProviderRefund } from './ledger.js'

/** An order to be paid. */
export interface PaymentRequest {
  orderId: number
  /** paise */
  amount: number
}

export interface RefundRequest {
  chargeId: string
  /** paise */
  amount: number
  /** requests with the same key are one refund */
  key: string
}

/** The provider refuses a request for good; repeating it is pointless. */
export class ProviderRefused extends Error {
  override readonly name = 'ProviderRefused'
}

/** A payment provider. It may be slow, so it is called outside transactions. All calls throw when it does not answer. */
export interface PaymentProvider {
  readonly name: PaymentsConfig['provider']
  /** identifies us in the provider's checkout in the browser; null if it needs no key */
  readonly publicKey: string | null
  /** Registers a payment and returns the provider's id for it. Throws 503 `payment_provider_unavailable`. */
  createOrder(request: PaymentRequest): Promise<{ id: string }>
  /** The path of our page on which the customer pays. */
  checkoutUrl(paymentId: string): string
  /**
   * Gives money back; null if only a webhook will tell of it. Throws `ProviderRefused` when it never will, and anything
   * else when the outcome is unknown.
   */
  refund(request: RefundRequest): Promise<ProviderRefund | null>
  /** The charges of a payment. Throws `ProviderRefused` if it doesn't know the payment. */
  chargesOf(paymentId: string): Promise<ProviderCharge[]>
  /** The refunds of a charge. Throws `ProviderRefused` if it doesn't know the charge. */
  refundsOf(chargeId: string): Promise<ProviderRefund[]>
  /** Charges made since a time, one page after the other, each with what it says was given back (paise). */
  chargesSince(since: Date): AsyncIterable<ProviderCharge & { refunded: number }>
}

/** Whether the text has the form of a provider's payment id. */
export function isPaymentId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
}
