import t from 'tap'
import type { OrderView } from '../../src/protocol/views.js'
import { closedStateOf } from '../../web/customer/checkout-state.js'
import {
  EARLIER_FAILURE_MS,
  heldOf,
  isConfirming,
  moneyStateOf,
  surplusOf,
} from '../../web/live/money-state.js'

const AT = '2026-11-23T20:00:00.000Z'

const order = (changes: Partial<OrderView> = {}): OrderView => ({
  id: 1,
  theatreId: 1,
  theatreName: 'Grand Cinema',
  seat: { id: 1, name: 'A1', hall: 'Screen 1' },
  status: 'placed',
  paymentStatus: 'pending',
  paymentMethod: 'online',
  items: [{ menuItemId: 1, name: 'Popcorn', options: [], quantity: 1, unitPrice: 18_000 }],
  note: null,
  total: 18_000,
  refundedAmount: 0,
  dueBack: 0,
  createdAt: AT,
  confirmedAt: null,
  seenAt: null,
  deliveredAt: null,
  cancelledAt: null,
  version: 1,
  ...changes,
})

const CONFIRMED = { status: 'confirmed', confirmedAt: AT } as const
const CANCELLED = { status: 'cancelled', cancelledAt: AT } as const

t.test('what an order’s payment means', async (t) => {
  const cases: [string, Partial<OrderView>, number][] = [
    ['unpaid', {}, 0],
    ['failed', { paymentStatus: 'failed' }, 0],
    ['cash-due', { ...CONFIRMED, paymentMethod: 'cash' }, 0],
    ['paid', { ...CONFIRMED, paymentStatus: 'paid' }, 18_000],
    [
      'partially-refunded',
      { ...CONFIRMED, paymentStatus: 'partially_refunded', refundedAmount: 1000 },
      17_000,
    ],
    ['refunded', { ...CONFIRMED, paymentStatus: 'refunded', refundedAmount: 18_000 }, 0],
    ['void', CANCELLED, 0],
    ['void', { ...CANCELLED, paymentStatus: 'failed' }, 0],
    ['refund-due', { ...CANCELLED, confirmedAt: AT, paymentStatus: 'paid', dueBack: 18_000 }, 18_000],
    ['settled', { ...CANCELLED, confirmedAt: AT, paymentStatus: 'paid' }, 18_000],
    [
      'refund-due',
      {
        ...CANCELLED,
        confirmedAt: AT,
        paymentStatus: 'partially_refunded',
        refundedAmount: 8000,
        dueBack: 10_000,
      },
      10_000,
    ],
    ['returning', { ...CANCELLED, paymentStatus: 'paid', dueBack: 18_000 }, 18_000],
    ['refunded', { ...CANCELLED, confirmedAt: AT, paymentStatus: 'refunded', refundedAmount: 18_000 }, 0],
  ]
  for (const [state, changes, held] of cases) {
    const given = order(changes)
    t.equal(moneyStateOf(given), state, JSON.stringify(changes))
    t.equal(heldOf(given), held, `${state}: ${held} paise are the customer’s`)
  }
  t.equal(moneyStateOf(order(), true), 'confirming')
  t.equal(moneyStateOf(order(CANCELLED), true), 'cancelled-unconfirmed')
  t.equal(moneyStateOf(order({ ...CONFIRMED, paymentMethod: 'cash' }), true), 'cash-unless-confirmed')
})

t.test('a reported success is confirming until the order’s payment says more', async (t) => {
  const now = Date.parse(AT)
  t.notOk(isConfirming(order(), null, now), 'nothing was reported')
  t.ok(isConfirming(order(), now, now))
  t.ok(isConfirming(order(), now - 3_600_000, now), 'it has no end of its own: the webhook may be lost')
  t.notOk(isConfirming(order({ ...CONFIRMED, paymentStatus: 'paid' }), now, now))
  t.notOk(isConfirming(order({ ...CANCELLED, paymentStatus: 'paid' }), now, now))
  t.ok(isConfirming(order(CANCELLED), now, now), 'it may have been paid all the same')
  t.ok(isConfirming(order({ ...CONFIRMED, paymentMethod: 'cash' }), now, now))
})

t.test('a failure right after a reported success may be an earlier attempt’s', async (t) => {
  const now = Date.parse(AT)
  const failed = order({ paymentStatus: 'failed' })
  t.ok(isConfirming(failed, now, now + EARLIER_FAILURE_MS - 1))
  t.notOk(isConfirming(failed, now, now + EARLIER_FAILURE_MS))
})

t.test('a second payment is told apart from what a cancelled order is owed', async (t) => {
  const paid = { ...CONFIRMED, paymentStatus: 'paid' } as const
  t.equal(surplusOf(order(paid)), 0)
  t.equal(surplusOf(order({ ...paid, dueBack: 18_000 })), 18_000)
  t.equal(surplusOf(order({ ...paid, ...CANCELLED, dueBack: 18_000 })), 0)
  t.equal(surplusOf(order({ ...paid, ...CANCELLED, dueBack: 36_000 })), 18_000)
  t.equal(moneyStateOf(order({ ...paid, dueBack: 18_000 })), 'paid', 'the order itself is paid')
})

t.test('why a checkout takes no money', async (t) => {
  const cases: [string, Partial<OrderView>][] = [
    ['review', {}],
    ['paid', { ...CONFIRMED, paymentStatus: 'paid' }],
    ['paid', { ...CONFIRMED, paymentStatus: 'partially_refunded', refundedAmount: 1000 }],
    ['paid', { ...CONFIRMED, paymentStatus: 'refunded', refundedAmount: 18_000 }],
    ['cancelled', CANCELLED],
    ['cancelled', { ...CANCELLED, paymentStatus: 'paid' }],
    ['cash', { ...CONFIRMED, paymentMethod: 'cash' }],
  ]
  for (const [state, changes] of cases) t.equal(closedStateOf(order(changes)), state, JSON.stringify(changes))
})
