import type { OrderEventName } from '../orders/order-events.js'
import type { OrderStatus, PaymentIssueView, PaymentMethod, PaymentStatus } from '../protocol/views.js'
import { openFailures, type Refund } from './failed-refunds.js'

// What an order's captures and refunds mean. A pure function of what is recorded: events that arrive late, twice or in
// another order lead to the same result.

export interface Capture {
  id: string
  /** our payment; null for cash */
  paymentId: string | null
  kind: 'paying' | 'surplus' | 'mismatched' | 'unknown'
  method: PaymentMethod
  /** the smallest unit of `currency` */
  amount: number
  currency: string
  /** the order had been cancelled before */
  late: boolean
}

export type IssueKind = PaymentIssueView['kind']

export interface Issue {
  kind: IssueKind
  /** the capture's id, or the refund's */
  subject: string
  captureId: string
  /** paise that are not settled yet */
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
    /** paise given back of the paying capture */
    refundedAmount: number
    /** paise of late and surplus captures, and of a cancelled order, that are still to go back */
    dueBack: number
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
  /** open issues of which a part has been settled */
  changes: { id: number; amount: number }[]
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

/** A person has settled what is left of the capture in another way, and has noted how. */
const isNoted = ({ id }: Capture, { issues }: OrderMoney) =>
  issues.some(({ state, subject }) => state === 'noted' && subject === id)

/** Paise of the capture that are to be given back when the order has no use for it. */
const owedOf = (capture: Capture, money: OrderMoney) =>
  isNoted(capture, money) ? 0 : remainingOf(capture, money)

const isPaid = (status: PaymentStatus) =>
  status === 'paid' || status === 'partially_refunded' || status === 'refunded'

/** Derives the state that the order, its payments and its issues must have. */
export function settle(money: OrderMoney): Settlement {
  const payments = money.payments.map((payment) => ({ ...payment, status: paymentStatus(money, payment) }))
  const order = settleOrder(money, payments)
  return {
    order,
    payments: payments.filter((payment, index) => payment.status !== money.payments[index]?.status),
    events: eventsOf(money, order),
    ...settleIssues(money),
    returns: returnsOf(money),
  }
}

function paymentStatus(money: OrderMoney, { id, status }: OrderMoney['payments'][number]): PaymentStatus {
  const captures = money.captures.filter(({ paymentId }) => paymentId === id)
  if (captures.length === 0) return status
  return captures.every((capture) => remainingOf(capture, money) === 0) ? 'refunded' : 'paid'
}

/** paise; the largest value of the column */
const MAX_DUE_BACK = 2_147_483_647

function settleOrder(money: OrderMoney, payments: OrderMoney['payments']): Settlement['order'] {
  const { order, captures } = money
  const paying = captures.find(({ kind }) => kind === 'paying')
  const surplus = captures.filter(({ kind }) => kind === 'surplus')
  const surplusOwed = surplus.reduce((total, capture) => total + owedOf(capture, money), 0)
  const payingLeft = paying ? remainingOf(paying, money) : 0
  const payingOwed = paying && order.status === 'cancelled' ? owedOf(paying, money) : 0
  const dueBack = Math.min(surplusOwed + payingOwed, MAX_DUE_BACK)
  if (!paying) {
    const failed = hasFailed(payments) && order.paymentMethod === 'online'
    return {
      ...order,
      paymentStatus: failed ? 'failed' : 'pending',
      refundedAmount: 0,
      dueBack,
      confirms: false,
    }
  }
  const refundedAmount = paying.amount - payingLeft
  return {
    ...order,
    paymentMethod: paying.method,
    paymentStatus: payingLeft === 0 ? 'refunded' : refundedAmount > 0 ? 'partially_refunded' : 'paid',
    refundedAmount,
    dueBack,
    confirms: order.status === 'placed' && payingLeft > 0,
  }
}

/** No payment is pending or was captured, and one has failed. */
function hasFailed(payments: OrderMoney['payments']): boolean {
  const open = payments.some(({ status }) => status === 'pending' || status === 'paid')
  return !open && payments.some(({ status }) => status === 'failed')
}

/** Each capture that counts is a `payment.paid`; each refund of one, or note that it was settled, a `payment.refunded`. */
function eventsOf(money: OrderMoney, after: Settlement['order']): OrderEventName[] {
  const before = money.order
  const events: OrderEventName[] = []
  const surplusBefore = surplusOf(money, before)
  const surplusAfter = surplusOf(money, after)
  const becamePaid = isPaid(after.paymentStatus) && !isPaid(before.paymentStatus)
  if (becamePaid || surplusAfter > surplusBefore) events.push('payment.paid')
  if (after.confirms) events.push('order.confirmed')
  if (after.paymentStatus === 'failed' && before.paymentStatus !== 'failed') events.push('payment.failed')
  // a capture whose amount is not the order's, of the payment that had failed
  if (after.paymentStatus === 'pending' && before.paymentStatus === 'failed') events.push('payment.pending')
  const gaveBack = after.refundedAmount > before.refundedAmount
  if (gaveBack || surplusAfter < surplusBefore) events.push('payment.refunded')
  return events
}

/** Paise of surplus captures in a state of the order: what is due back, without the paying capture. */
function surplusOf(money: OrderMoney, order: OrderMoney['order']): number {
  const paying = money.captures.find((capture) => capture.kind === 'paying' && !isNoted(capture, money))
  const isOwed = order.status === 'cancelled' && isPaid(order.paymentStatus)
  return order.dueBack - (isOwed && paying ? paying.amount - order.refundedAmount : 0)
}

/** The issue that a capture's money is in, as long as some of it is left. */
function issueKind({ kind, late }: Capture, { order }: OrderMoney): IssueKind | null {
  if (kind === 'surplus') return 'second_capture'
  if (kind === 'mismatched') return 'amount_mismatch'
  if (kind === 'unknown') return 'unknown_payment'
  if (order.status !== 'cancelled') return null
  return late ? 'late_capture' : 'refund_due'
}

function settleIssues(money: OrderMoney): Pick<Settlement, 'opens' | 'changes' | 'closes'> {
  const wanted = money.captures.flatMap((capture) => issuesOf(capture, money))
  const isSame = (a: Issue) => (b: Issue) => a.kind === b.kind && a.subject === b.subject
  // what a person has closed with a note stays closed
  const settled = money.issues.filter(({ state }) => state !== 'closed')
  const open = money.issues
    .filter(({ state }) => state === 'open')
    .map((issue) => ({ ...issue, left: wanted.find(isSame(issue))?.amount ?? 0 }))
  return {
    opens: wanted.filter((issue) => !settled.some(isSame(issue))),
    changes: open
      .filter(({ amount, left }) => left > 0 && left !== amount)
      .map(({ id, left }) => ({ id, amount: left })),
    closes: open.filter(({ left }) => left === 0).map(({ id }) => id),
  }
}

/** The issues of a capture; none once all of it has gone back. */
function issuesOf(capture: Capture, money: OrderMoney): Issue[] {
  const { id: captureId } = capture
  const amount = remainingOf(capture, money)
  if (amount === 0) return []
  const kind = issueKind(capture, money)
  const refunds = money.refunds.filter((refund) => refund.captureId === captureId)
  const failed = openFailures(refunds).map(({ id, providerId, left }) => ({
    kind: 'refund_failed' as const,
    subject: providerId ?? `refund_${id}`,
    captureId,
    amount: left,
  }))
  return kind ? [{ kind, subject: captureId, captureId, amount }, ...failed] : failed
}

/** What the service gives back of late and surplus captures. A refund that failed is an issue for a person. */
function returnsOf(money: OrderMoney): Settlement['returns'] {
  return money.captures
    .filter((capture) => capture.method === 'online' && !isNoted(capture, money))
    .filter(
      ({ kind, late }) =>
        kind === 'surplus' || (kind === 'paying' && late && money.order.status === 'cancelled'),
    )
    .filter(
      ({ id }) => !money.refunds.some(({ captureId, status }) => captureId === id && status === 'failed'),
    )
    .map((capture) => ({ captureId: capture.id, amount: refundableOf(capture, money.refunds) }))
    .filter(({ amount }) => amount > 0)
}
