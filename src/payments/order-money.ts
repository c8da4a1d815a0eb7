import type { OrderEventName } from '../orders/order-events.js'
import type { OrderStatus, PaymentMethod, PaymentStatus } from '../protocol/views.js'

// What an order's captures and refunds mean. A pure function of what is recorded: events that arrive late, twice or in
// another order lead to the same result.

export interface Capture {
  id: string
  /** our payment; null for cash */
  paymentId: string | null
  kind: 'paying' | 'surplus' | 'mismatched' | 'unknown'
  method: PaymentMethod
  /** paise */
  amount: number
  /** the order had been cancelled before */
  late: boolean
}

export interface Refund {
  id: number
  providerId: string | null
  captureId: string
  /** paise */
  amount: number
  status: 'requested' | 'pending' | 'processed' | 'failed'
}

export type IssueKind =
  | 'unknown_payment'
  | 'amount_mismatch'
  | 'late_capture'
  | 'second_capture'
  | 'refund_due'
  | 'refund_failed'

export interface Issue {
  kind: IssueKind
  /** the capture's id, or the refund's */
  subject: string
  /** paise */
  amount: number
}

export interface KnownIssue extends Issue {
  id: number
  /** `closed`: by itself; `noted`: by a person */
  state: 'open' | 'closed' | 'noted'
}

export interface OrderMoney {
  order: {
    status: OrderStatus
    paymentMethod: PaymentMethod
    paymentStatus: PaymentStatus
    refundedAmount: number
  }
  payments: readonly { id: string; status: PaymentStatus }[]
  captures: readonly Capture[]
  refunds: readonly Refund[]
  issues: readonly KnownIssue[]
}

export interface Settlement {
  order: OrderMoney['order'] & { confirms: boolean }
  /** payments whose status changes */
  payments: { id: string; status: PaymentStatus }[]
  events: OrderEventName[]
  opens: Issue[]
  /** ids of issues that close by themselves */
  closes: number[]
  /** captures that the service gives back */
  returns: { captureId: string; amount: number }[]
}

const sum = (refunds: readonly Refund[]) => refunds.reduce((total, { amount }) => total + amount, 0)

/** Paise given back of a capture; never more than it took, whatever a provider reports. */
export function refundedOf(capture: Capture, refunds: readonly Refund[]): number {
  const processed = refunds.filter(
    (refund) => refund.captureId === capture.id && refund.status === 'processed',
  )
  return Math.min(sum(processed), capture.amount)
}

/** Paise that a new refund of the capture may give back: neither given back nor under way. */
export function refundableOf(capture: Capture, refunds: readonly Refund[]): number {
  const counted = refunds.filter((refund) => refund.captureId === capture.id && refund.status !== 'failed')
  return Math.max(capture.amount - sum(counted), 0)
}

const remainingOf = (capture: Capture, { refunds }: OrderMoney) =>
  capture.amount - refundedOf(capture, refunds)

const isPaid = (status: PaymentStatus) =>
  status === 'paid' || status === 'partially_refunded' || status === 'refunded'

/** Derives the state that the order, its payments and its issues must have. */
export function settle(money: OrderMoney): Settlement {
  const payments = money.payments.map((payment) => ({ ...payment, status: paymentStatus(money, payment) }))
  const order = settleOrder(money, payments)
  return {
    order,
    payments: payments.filter((payment, index) => payment.status !== money.payments[index]?.status),
    events: eventsOf(money.order, order),
    ...settleIssues(money),
    returns: returnsOf(money),
  }
}

function paymentStatus(money: OrderMoney, { id, status }: OrderMoney['payments'][number]): PaymentStatus {
  const captures = money.captures.filter(({ paymentId }) => paymentId === id)
  if (captures.length === 0) return status
  return captures.every((capture) => remainingOf(capture, money) === 0) ? 'refunded' : 'paid'
}

function settleOrder(money: OrderMoney, payments: OrderMoney['payments']): Settlement['order'] {
  const { order, captures } = money
  const paying = captures.find(({ kind }) => kind === 'paying')
  if (!paying) {
    const statuses = payments.map(({ status }) => status)
    const failed =
      !statuses.includes('pending') && statuses.includes('failed') && order.paymentMethod === 'online'
    return { ...order, paymentStatus: failed ? 'failed' : 'pending', refundedAmount: 0, confirms: false }
  }
  const refundedAmount = refundedOf(paying, money.refunds)
  const remaining = paying.amount - refundedAmount
  return {
    ...order,
    paymentMethod: paying.method,
    paymentStatus: remaining === 0 ? 'refunded' : refundedAmount > 0 ? 'partially_refunded' : 'paid',
    refundedAmount,
    confirms: order.status === 'placed' && remaining > 0,
  }
}

function eventsOf(before: OrderMoney['order'], after: Settlement['order']): OrderEventName[] {
  const events: OrderEventName[] = []
  if (isPaid(after.paymentStatus) && !isPaid(before.paymentStatus)) events.push('payment.paid')
  if (after.confirms) events.push('order.confirmed')
  if (after.paymentStatus === 'failed' && before.paymentStatus !== 'failed') events.push('payment.failed')
  if (after.refundedAmount > before.refundedAmount) events.push('payment.refunded')
  return events
}

/** The issue that a capture's money is in, as long as some of it is left. */
function issueKind({ kind, late }: Capture, { order }: OrderMoney): IssueKind | null {
  if (kind === 'surplus') return 'second_capture'
  if (kind === 'mismatched') return 'amount_mismatch'
  if (kind === 'unknown') return 'unknown_payment'
  if (order.status !== 'cancelled') return null
  return late ? 'late_capture' : 'refund_due'
}

function settleIssues(money: OrderMoney): Pick<Settlement, 'opens' | 'closes'> {
  const wanted: Issue[] = []
  for (const capture of money.captures) {
    const amount = remainingOf(capture, money)
    const kind = issueKind(capture, money)
    if (amount === 0) continue
    if (kind) wanted.push({ kind, subject: capture.id, amount })
    for (const refund of money.refunds) {
      if (refund.captureId !== capture.id || refund.status !== 'failed') continue
      const subject = refund.providerId ?? `refund_${refund.id}`
      wanted.push({ kind: 'refund_failed', subject, amount: refund.amount })
    }
  }
  const isSame = (a: Issue) => (b: Issue) => a.kind === b.kind && a.subject === b.subject
  // what a person has closed with a note stays closed
  const settled = money.issues.filter(({ state }) => state !== 'closed')
  return {
    opens: wanted.filter((issue) => !settled.some(isSame(issue))),
    closes: money.issues
      .filter((issue) => issue.state === 'open' && !wanted.some(isSame(issue)))
      .map(({ id }) => id),
  }
}

/** Late and surplus captures that no refund has been tried for: one that fails is an issue for a person. */
function returnsOf(money: OrderMoney): Settlement['returns'] {
  return money.captures
    .filter(
      ({ kind, late, method }) => method === 'online' && (kind === 'surplus' || (kind === 'paying' && late)),
    )
    .filter(({ kind }) => kind === 'surplus' || money.order.status === 'cancelled')
    .filter(({ id }) => !money.refunds.some(({ captureId }) => captureId === id))
    .map(({ id, amount }) => ({ captureId: id, amount }))
}
