import type { Database, Transaction } from '../database/client.js'
import { notFound } from '../errors.js'
import type { Principal } from '../principal.js'
import type { PaymentStatus } from '../protocol/views.js'
import { isPaymentId } from './provider.js'

export interface PaymentRecord {
  /** the provider's order id */
  id: string
  orderId: number
  provider: string
  status: PaymentStatus
  /** paise */
  amount: number
}

export const paymentFields = { id: true, orderId: true, provider: true, status: true, amount: true } as const

/** The pending payment of an order; there is at most one. */
export function findPending(db: Database | Transaction, orderId: number): Promise<PaymentRecord | null> {
  return db.payment.findFirst({ where: { orderId, status: 'pending' }, select: paymentFields })
}

const checkoutOrder = {
  status: true,
  paymentMethod: true,
  paymentStatus: true,
  theatre: { select: { name: true } },
  _count: { select: { paymentIssues: { where: { kind: 'amount_mismatch', resolvedAt: null } } } },
} as const

export interface CheckoutRecord extends PaymentRecord {
  theatreName: string
  /** false: the order is paid, cancelled, or to be paid in cash, or a payment of it is under review */
  payable: boolean
}

/** A payment of the principal's own order. Throws `not_found` for someone else's, as for a missing one. */
export async function findCheckout(
  db: Database,
  principal: Principal,
  paymentId: string,
): Promise<CheckoutRecord> {
  const payment = isPaymentId(paymentId)
    ? await db.payment.findFirst({
        where: { id: paymentId, order: { customerId: principal.userId } },
        select: { ...paymentFields, order: { select: checkoutOrder } },
      })
    : null
  if (!payment) throw notFound('payment')
  const { order, ...record } = payment
  const { status, paymentMethod, paymentStatus, theatre, _count } = order
  const isOpen = status === 'placed' && paymentMethod === 'online'
  const isUnpaid = paymentStatus === 'pending' || paymentStatus === 'failed'
  const payable = isOpen && isUnpaid && record.status !== 'paid' && _count.paymentIssues === 0
  return { ...record, theatreName: theatre.name, payable }
}
