import type { CheckoutView, PaymentIssueView, PaymentView } from '../protocol/views.js'
import type { IssueRecord } from './payment-issues.js'
import type { CheckoutRecord, PaymentRecord } from './payment-queries.js'
import type { PaymentProvider } from './provider.js'

export function viewPayment(payment: PaymentRecord, provider: PaymentProvider): PaymentView {
  const { id, status, amount } = payment
  return { id, provider: payment.provider, status, amount, checkoutUrl: provider.checkoutUrl(id) }
}

/** What the checkout page shows. */
export function viewCheckout(checkout: CheckoutRecord, { publicKey }: PaymentProvider): CheckoutView {
  const { id, status, amount, orderId, provider, theatreName, payable } = checkout
  return { payment: { id, status, amount, orderId, provider }, payable, theatreName, publicKey }
}

export function viewIssue({ at, resolvedAt, ...issue }: IssueRecord): PaymentIssueView {
  return {
    ...issue,
    at: at.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  }
}
