import t from 'tap'
import { decide, type PaymentState } from '../../src/payments/payment-transitions.js'
import type { WebhookEventName } from '../../src/payments/webhook-body.js'
import type { OrderStatus, PaymentStatus } from '../../src/protocol/views.js'

const state = (
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  payment: PaymentStatus,
  more: Partial<PaymentState> = {},
): PaymentState => ({
  order: { status, paymentStatus },
  payment,
  others: [],
  wasCaptured: false,
  isOfSurplus: false,
  ...more,
})

const PAID = ['payment.paid']
const CONFIRMED = ['payment.paid', 'order.confirmed']

// [event, state, the order's new paymentStatus (null: unchanged), events, the payment's new status, refund due]
const TABLE: [
  WebhookEventName,
  PaymentState,
  PaymentStatus | null,
  string[],
  PaymentStatus | null,
  boolean,
][] = [
  ['payment.captured', state('placed', 'pending', 'pending'), 'paid', CONFIRMED, 'paid', false],
  ['payment.captured', state('placed', 'failed', 'failed'), 'paid', CONFIRMED, 'paid', false],
  // the first payment's capture arrives after a second payment was started
  [
    'payment.captured',
    state('placed', 'pending', 'failed', { others: ['pending'] }),
    'paid',
    CONFIRMED,
    'paid',
    false,
  ],
  ['payment.captured', state('cancelled', 'pending', 'pending'), 'paid', PAID, 'paid', true],
  ['payment.captured', state('cancelled', 'failed', 'failed'), 'paid', PAID, 'paid', true],
  // a second capture
  ['payment.captured', state('confirmed', 'paid', 'paid', { wasCaptured: true }), null, [], null, true],
  ['payment.captured', state('delivered', 'paid', 'paid', { wasCaptured: true }), null, [], null, true],
  ['payment.captured', state('cancelled', 'paid', 'paid', { wasCaptured: true }), null, [], null, true],
  [
    'payment.captured',
    state('cancelled', 'refunded', 'refunded', { wasCaptured: true }),
    null,
    [],
    null,
    true,
  ],
  ['payment.captured', state('confirmed', 'paid', 'pending', { others: ['paid'] }), null, [], 'paid', true],
  [
    'payment.captured',
    state('confirmed', 'refunded', 'pending', { others: ['refunded'] }),
    null,
    [],
    'paid',
    true,
  ],
  // the refund arrived first
  ['payment.captured', state('placed', 'refunded', 'refunded'), null, [], null, false],
  ['payment.failed', state('placed', 'pending', 'pending'), 'failed', ['payment.failed'], 'failed', false],
  ['payment.failed', state('cancelled', 'pending', 'pending'), 'failed', ['payment.failed'], 'failed', false],
  ['payment.failed', state('placed', 'failed', 'failed'), null, [], null, false],
  ['payment.failed', state('confirmed', 'paid', 'paid', { wasCaptured: true }), null, [], null, false],
  ['payment.failed', state('confirmed', 'paid', 'pending', { others: ['paid'] }), null, [], 'failed', false],
  ['payment.failed', state('cancelled', 'refunded', 'refunded'), null, [], null, false],
  // a late event of the first payment while a second one is pending
  ['payment.failed', state('placed', 'pending', 'failed', { others: ['pending'] }), null, [], null, false],
  [
    'refund.processed',
    state('confirmed', 'paid', 'paid'),
    'refunded',
    ['payment.refunded'],
    'refunded',
    false,
  ],
  [
    'refund.processed',
    state('cancelled', 'paid', 'paid'),
    'refunded',
    ['payment.refunded'],
    'refunded',
    false,
  ],
  ['refund.processed', state('delivered', 'refunded', 'refunded'), null, [], null, false],
  // paid twice and refunded once is still paid
  ['refund.processed', state('confirmed', 'paid', 'paid', { others: ['paid'] }), null, [], 'refunded', false],
  [
    'refund.processed',
    state('confirmed', 'paid', 'paid', { others: ['pending'] }),
    'refunded',
    ['payment.refunded'],
    'refunded',
    false,
  ],
  [
    'refund.processed',
    state('confirmed', 'paid', 'paid', { wasCaptured: true, isOfSurplus: true }),
    null,
    [],
    null,
    false,
  ],
  // before its capture
  [
    'refund.processed',
    state('placed', 'pending', 'pending'),
    'refunded',
    ['payment.refunded'],
    'refunded',
    false,
  ],
  [
    'refund.processed',
    state('placed', 'pending', 'failed', { others: ['pending'] }),
    null,
    [],
    'refunded',
    false,
  ],
]

for (const [event, given, paymentStatus, events, payment, refundDue] of TABLE) {
  t.test(`${event}: ${JSON.stringify(given)}`, async (t) => {
    const change = decide(event, given)
    t.equal(change.order?.paymentStatus ?? null, paymentStatus)
    t.same(change.events, events)
    t.equal(change.order?.confirms ?? false, events.includes('order.confirmed'))
    t.equal(change.payment, payment)
    t.equal(change.refundDue, refundDue)
  })
}
