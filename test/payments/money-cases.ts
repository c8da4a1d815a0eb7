/** Name, steps, then what becomes of it: see `money-scene.ts`. An order costs ₹180. */
export type Case = [
  name: string,
  steps: string,
  /** order and payment status */
  state: string,
  refunded: number,
  dueBack: number,
  issues: string,
  events: string,
  /** what the order's page and the staff's board show */
  customer: string,
  staff: string,
]

const PAID = 'pending paid confirmed'

// biome-ignore format: a table
export const WEBHOOKS: Case[] = [
  ['a payment', 'start, pay 1', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['one capture under five event ids', 'start, pay 1 x5', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['a repeated webhook', 'start, pay 1 twice', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['under the secret before', 'start, pay 1 old-secret', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['no event ids', 'start, pay 1 no-id', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['no event ids, twice', 'start, pay 1 held, release no-id, pay-in-cash -> already_paid', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['another shop’s order', 'start, shop 5000', 'placed pending', 0, 0, 'unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another shop’s, twice', 'start, shop 5000 x5', 'placed pending', 0, 0, 'unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another shop’s, given back', 'start, shop 5000, give-back c1 2000, give-back c1 3000', 'placed pending', 0, 0, 'unknown_payment:closed', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another shop’s, a part given back', 'start, shop 5000, give-back c1 2000', 'placed pending', 0, 0, 'unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another shop’s, noted', 'start, shop 5000, resolve unknown_payment, shop 5000 twice', 'placed pending', 0, 0, 'unknown_payment:noted unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['a payment link’s', 'start, link 5000', 'placed pending', 0, 0, 'unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['a fee on top', 'start, pay 1 fee 425', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['another amount', 'start, pay 1 amount 17000', 'placed pending', 0, 0, 'amount_mismatch', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another currency', 'start, pay 1 currency USD', 'placed pending', 0, 0, 'amount_mismatch', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['failed, then another amount', 'start, fail 1 held, pay 1 amount 17000 held, release', 'placed pending', 0, 0, 'amount_mismatch', 'pending failed pending', 'unpaid, pay ₹180', 'unpaid'],
  ['authorized only', 'start, authorize 1', 'placed pending', 0, 0, '', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['authorized, then captured', 'start, authorize 1, capture c1', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['captured before authorized', 'start, pay 1 reversed', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['order.paid alone', 'start, raw order.paid', 'placed pending', 0, 0, '', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['events that mean nothing here', 'start, raw qr_code.credited, raw payment.dispute.created, raw payment.authorized', 'placed pending', 0, 0, '', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['no JSON', 'start, raw nonsense, pay 1', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['a failure', 'start, fail 1', 'placed failed', 0, 0, '', 'pending failed', 'failed, pay ₹180', 'unpaid: Payment failed'],
  ['failed, captured days later', 'start, fail 1, capture c1', 'confirmed paid', 0, 0, '', 'pending failed paid confirmed', 'paid', 'ticket'],
  ['a failure after the capture', 'start, fail 1 held, pay 1, release', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['an old failure while try 2 waits', 'start, fail 1, start, fail 1', 'placed pending', 0, 0, '', 'pending failed pending', 'unpaid, pay ₹180', 'unpaid'],
  ['try 2 pays', 'start, fail 1, start, pay 2', 'confirmed paid', 0, 0, '', 'pending failed pending paid confirmed', 'paid', 'ticket'],
  ['try 1 pays while try 2 waits', 'start, fail 1, start, capture c1', 'confirmed paid', 0, 0, '', 'pending failed pending paid confirmed', 'paid', 'ticket'],
  ['everything twice and late', 'start, fail 1 held, pay 1 held, release twice', 'confirmed paid', 0, 0, '', 'pending failed paid confirmed', 'paid', 'ticket'],
]

// biome-ignore format: a table
export const REFUNDS: Case[] = [
  ['₹10 of ₹180', 'start, pay 1, give-back c1 1000', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['₹10, then ₹20', 'start, pay 1, give-back c1 1000, give-back c1 2000', 'confirmed partially_refunded', 3000, 0, '', `${PAID} refunded refunded`, 'partially-refunded ₹30 of ₹180', 'ticket: ₹30 refunded'],
  ['in two parts', 'start, pay 1, give-back c1 1000, give-back c1 17000', 'confirmed refunded', 18_000, 0, '', `${PAID} refunded refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['one refund under five event ids', 'start, pay 1, give-back c1 1000 x5', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['before its capture', 'start, pay 1 held, give-back c1 1000, release', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['all before its capture', 'start, pay 1 held, give-back c1 all reversed, release', 'placed refunded', 18_000, 0, '', 'pending paid refunded', 'refunded ₹180', 'unpaid: ₹180 refunded'],
  ['not processed yet', 'start, pay 1, slow-refunds, give-back c1 1000', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['processed before created', 'start, pay 1, give-back c1 1000 reversed', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['failed', 'start, pay 1, slow-refunds, give-back c1 1000, finish r1 failed', 'confirmed paid', 0, 0, 'refund_failed', PAID, 'paid', 'ticket'],
  ['failed, then processed after all', 'start, pay 1, slow-refunds, give-back c1 1000, finish r1 failed, finish r1 processed', 'confirmed partially_refunded', 1000, 0, 'refund_failed:closed', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['failed, then another', 'start, pay 1, slow-refunds, give-back c1 1000, finish r1 failed, fast-refunds, refund 1000', 'confirmed partially_refunded', 1000, 0, 'refund_failed:closed', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['two failed, one of them again', 'start, pay 1, slow-refunds, refund 5000, refund 5000, finish r1 failed, finish r2 failed, fast-refunds, refund 5000', 'confirmed partially_refunded', 5000, 0, 'refund_failed:closed refund_failed', `${PAID} refunded`, 'partially-refunded ₹50 of ₹180', 'ticket: ₹50 refunded'],
  ['failed beside another one', 'start, pay 1, slow-refunds, refund 5000, refund 6000, finish r2 processed, finish r1 failed', 'confirmed partially_refunded', 6000, 0, 'refund_failed', `${PAID} refunded`, 'partially-refunded ₹60 of ₹180', 'ticket: ₹60 refunded'],
  ['failed, then another in two parts', 'start, pay 1, slow-refunds, refund 5000, finish r1 failed, fast-refunds, refund 2000, refund 3000', 'confirmed partially_refunded', 5000, 0, 'refund_failed:closed', `${PAID} refunded refunded`, 'partially-refunded ₹50 of ₹180', 'ticket: ₹50 refunded'],
  ['try 1 never captured and given back, try 2 paid', 'start, fail 1, start, expire c1, pay 2', 'confirmed paid', 0, 0, '', 'pending failed pending paid confirmed', 'paid', 'ticket'],
  ['try 1 failed, try 2 paid, try 1 given back', 'start, fail 1, start, pay 2, expire c1', 'confirmed paid', 0, 0, '', 'pending failed pending paid confirmed', 'paid', 'ticket'],
  ['authorized, given back, paid again', 'start, authorize 1, expire c1, start, pay 1', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['never captured: still payable', 'start, authorize 1, expire c1, checkout open, start', 'placed pending', 0, 0, '', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['never captured, of a paid order', 'start, authorize 1, pay 1, expire c1', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['by a manager', 'start, pay 1, refund 1000', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['all, by a manager', 'start, pay 1, refund all', 'confirmed refunded', 18_000, 0, '', `${PAID} refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['what is left, by a manager', 'start, pay 1, refund 1000, refund all', 'confirmed refunded', 18_000, 0, '', `${PAID} refunded refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['the same key', 'start, pay 1, refund 1000 k, refund 1000 k', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the same key, another amount', 'start, pay 1, refund 1000 k, refund 2000 k -> idempotency_key_reused', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the same key, then all', 'start, pay 1, refund 1000 k, refund all k -> idempotency_key_reused', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['all, twice with the same key', 'start, pay 1, refund all k, refund all k, refund 18000 k', 'confirmed refunded', 18_000, 0, '', `${PAID} refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['more than was paid', 'start, pay 1, refund 18001 -> nothing_to_refund', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['more than is left', 'start, pay 1, refund 10000, refund 8001 -> nothing_to_refund', 'confirmed partially_refunded', 10_000, 0, '', `${PAID} refunded`, 'partially-refunded ₹100 of ₹180', 'ticket: ₹100 refunded'],
  ['more than is not under way', 'start, pay 1, slow-refunds, refund 10000, refund 8001 -> nothing_to_refund', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['of an unpaid order', 'start, refund all -> nothing_to_refund', 'placed pending', 0, 0, '', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['by plain staff', 'start, pay 1, staff-refund all -> forbidden', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['the provider is down', 'start, pay 1, provider-down, refund 1000 k -> payment_provider_unavailable, provider-up, refund 1000 k', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the answer is lost', 'start, pay 1, lose-answer, refund 1000 k lost -> payment_provider_unavailable, refund 1000 k, refund 17001 -> nothing_to_refund', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the answer is lost, the job repeats it', 'start, pay 1, lose-answer, refund 1000 lost -> payment_provider_unavailable, send-refunds', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the provider refuses', 'start, pay 1, low-balance, refund 1000 k -> refund_refused, refund 1000 k -> refund_refused', 'confirmed paid', 0, 0, 'refund_failed', PAID, 'paid', 'ticket'],
  ['of cash', 'cash, collect, refund 1000, refund 17001 -> nothing_to_refund', 'confirmed partially_refunded', 1000, 0, '', 'confirmed paid refunded', 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
]

// biome-ignore format: a table
export const LATE: Case[] = [
  ['after the time', 'start, time-out, pay 1', 'cancelled refunded', 18_000, 0, 'late_capture:closed', 'pending cancelled paid refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['after the time, not given back yet', 'start, slow-refunds, time-out, pay 1', 'cancelled paid', 0, 18_000, 'late_capture', 'pending cancelled paid', 'returning ₹180', 'refunds ended: ₹180 on its way back'],
  ['after staff cancelled', 'start, cancel, pay 1', 'cancelled refunded', 18_000, 0, 'late_capture:closed', 'pending cancelled paid refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['two tabs', 'start, pay 1, pay 1', 'confirmed paid', 0, 0, 'second_capture:closed', `${PAID} paid refunded`, 'paid', 'ticket'],
  ['two tries', 'start, fail 1, start, pay 2, pay 1', 'confirmed paid', 0, 0, 'second_capture:closed', 'pending failed pending paid confirmed paid refunded', 'paid', 'ticket'],
  ['three captures', 'start, pay 1, pay 1, pay 1', 'confirmed paid', 0, 0, 'second_capture:closed second_capture:closed', `${PAID} paid refunded paid refunded`, 'paid', 'ticket'],
  ['a second one under five event ids', 'start, pay 1, pay 1 x5', 'confirmed paid', 0, 0, 'second_capture:closed', `${PAID} paid refunded`, 'paid', 'ticket'],
  ['a second one, not given back yet', 'start, pay 1, slow-refunds, pay 1', 'confirmed paid', 0, 18_000, 'second_capture', `${PAID} paid`, 'paid, twice ₹180', 'ticket: ₹180 on its way back'],
  ['a second one, refused', 'start, pay 1, low-balance, pay 1', 'confirmed paid', 0, 18_000, 'second_capture refund_failed', `${PAID} paid`, 'paid, twice ₹180', 'ticket: ₹180 on its way back'],
  ['refused, then by a manager', 'start, pay 1, low-balance, pay 1, enough-balance, refund 18000', 'confirmed paid', 0, 0, 'second_capture:closed refund_failed:closed', `${PAID} paid refunded`, 'paid', 'ticket'],
  ['refused, then noted', 'start, time-out, low-balance, pay 1, resolve late_capture, resolve refund_failed', 'cancelled paid', 0, 0, 'late_capture:noted refund_failed:noted', 'pending cancelled paid refunded', 'settled ₹180', 'ended'],
  ['a second one, refused, then noted', 'start, pay 1, low-balance, pay 1, resolve second_capture, resolve refund_failed', 'confirmed paid', 0, 0, 'second_capture:noted refund_failed:noted', `${PAID} paid refunded`, 'paid', 'ticket'],
  ['of a refunded order', 'start, pay 1, refund all, pay 1', 'confirmed refunded', 18_000, 0, 'second_capture:closed', `${PAID} refunded paid refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['the provider is down', 'start, time-out, provider-down, pay 1, provider-up, send-refunds', 'cancelled refunded', 18_000, 0, 'late_capture:closed', 'pending cancelled paid refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['under review', 'start, pay 1 amount 17000, checkout closed, start -> payment_under_review, pay-in-cash -> payment_under_review', 'placed pending', 0, 0, 'amount_mismatch', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['another amount given back, then paid', 'start, pay 1 amount 17000, give-back c1 all, start, pay 2', 'confirmed paid', 0, 0, 'amount_mismatch:closed', 'pending pending paid confirmed', 'paid', 'ticket'],
  ['another amount noted, then paid', 'start, pay 1 amount 17000, resolve amount_mismatch, start, pay 2', 'confirmed paid', 0, 0, 'amount_mismatch:noted', 'pending pending paid confirmed', 'paid', 'ticket'],
  ['another amount, given back by a manager', 'start, pay 1 amount 17000, refund 17000', 'placed pending', 0, 0, 'amount_mismatch:closed', 'pending', 'unpaid, pay ₹180', 'unpaid'],
]

// biome-ignore format: a table
export const CANCELLED: Case[] = [
  ['a paid order', 'start, pay 1, checkout closed, cancel, checkout closed', 'cancelled paid', 0, 18_000, 'refund_due', `${PAID} cancelled`, 'refund-due ₹180', 'refunds ended: Refund ₹180'],
  ['refunded', 'start, pay 1, cancel, refund all', 'cancelled refunded', 18_000, 0, 'refund_due:closed', `${PAID} cancelled refunded`, 'refunded ₹180', 'ended: ₹180 refunded'],
  ['refunded in part', 'start, pay 1, cancel, refund 1000', 'cancelled partially_refunded', 1000, 17_000, 'refund_due', `${PAID} cancelled refunded`, 'refund-due ₹170', 'refunds ended: Refund ₹170 · ₹10 refunded'],
  ['refunded in the dashboard', 'start, pay 1, cancel, give-back c1 all', 'cancelled refunded', 18_000, 0, 'refund_due:closed', `${PAID} cancelled refunded`, 'refunded ₹180', 'ended: ₹180 refunded'],
  ['refunded before', 'start, pay 1, refund all, cancel', 'cancelled refunded', 18_000, 0, '', `${PAID} refunded cancelled`, 'refunded ₹180', 'ended: ₹180 refunded'],
  ['noted', 'start, pay 1, cancel, resolve refund_due', 'cancelled paid', 0, 0, 'refund_due:noted', `${PAID} cancelled refunded`, 'settled ₹180', 'ended'],
  ['a part refunded, the rest noted', 'start, pay 1, cancel, refund 1000, resolve refund_due, resolve refund_due -> not_found', 'cancelled partially_refunded', 1000, 0, 'refund_due:noted', `${PAID} cancelled refunded refunded`, 'settled ₹170', 'ended: ₹10 refunded'],
  ['paid twice, cancelled and noted', 'start, low-balance, pay 1, pay 1, cancel, resolve refund_due', 'cancelled paid', 0, 18_000, 'second_capture refund_failed refund_due:noted', `${PAID} paid cancelled refunded`, 'refund-due ₹180', 'refunds ended: Refund ₹180'],
  ['cancelled twice', 'start, pay 1, cancel, cancel', 'cancelled paid', 0, 18_000, 'refund_due', `${PAID} cancelled`, 'refund-due ₹180', 'refunds ended: Refund ₹180'],
  ['paid twice, then cancelled', 'start, pay 1, pay 1, cancel, refund all', 'cancelled refunded', 18_000, 0, 'second_capture:closed refund_due:closed', `${PAID} paid refunded cancelled refunded`, 'refunded ₹180', 'ended: ₹180 refunded'],
  ['unpaid', 'start, checkout open, cancel, checkout closed, start -> order_cancelled', 'cancelled pending', 0, 0, '', 'pending cancelled', 'void', 'ended'],
  ['collected cash', 'cash, collect, cancel, refund all', 'cancelled refunded', 18_000, 0, 'refund_due:closed', 'confirmed paid cancelled refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['uncollected cash', 'cash, cancel', 'cancelled pending', 0, 0, '', 'confirmed cancelled', 'void', 'ended'],
]

// biome-ignore format: a table
export const UNDONE: Case[] = [
  ['of a paid order', 'start, pay 1, cancel, undo, undo', 'confirmed paid', 0, 0, 'refund_due:closed', `${PAID} cancelled restored`, 'paid', 'ticket'],
  ['twice', 'start, pay 1, cancel, undo, cancel, undo', 'confirmed paid', 0, 0, 'refund_due:closed refund_due:closed', `${PAID} cancelled restored cancelled restored`, 'paid', 'ticket'],
  ['of collected cash', 'cash, collect, cancel, undo, refund all', 'confirmed refunded', 18_000, 0, 'refund_due:closed', 'confirmed paid cancelled restored refunded', 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['of an unpaid order', 'start, cancel, undo, pay 1', 'confirmed paid', 0, 0, '', 'pending cancelled restored paid confirmed', 'paid', 'ticket'],
  ['after a refund in part before', 'start, pay 1, refund 1000, cancel, undo', 'confirmed partially_refunded', 1000, 0, 'refund_due:closed', `${PAID} refunded cancelled restored`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['after a refund', 'start, pay 1, cancel, refund 1000, undo -> refund_begun', 'cancelled partially_refunded', 1000, 17_000, 'refund_due', `${PAID} cancelled refunded`, 'refund-due ₹170', 'refunds ended: Refund ₹170 · ₹10 refunded'],
  ['after the money was noted as given back', 'start, pay 1, cancel, resolve refund_due, undo -> refund_begun', 'cancelled paid', 0, 0, 'refund_due:noted', `${PAID} cancelled refunded`, 'settled ₹180', 'ended'],
  ['after cash was noted as given back', 'cash, collect, cancel, resolve refund_due, undo -> refund_begun', 'cancelled paid', 0, 0, 'refund_due:noted', 'confirmed paid cancelled refunded', 'settled ₹180', 'ended'],
  ['after a late capture was given back', 'start, cancel, pay 1, undo -> refund_begun', 'cancelled refunded', 18_000, 0, 'late_capture:closed', 'pending cancelled paid refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['and cancelled again, after a late capture', 'start, low-balance, cancel, pay 1, undo, cancel', 'cancelled paid', 0, 18_000, 'late_capture:closed refund_failed refund_due', 'pending cancelled paid restored confirmed cancelled', 'refund-due ₹180', 'refunds ended: Refund ₹180'],
  ['after a refused refund of a late capture', 'start, low-balance, cancel, pay 1, undo', 'confirmed paid', 0, 0, 'late_capture:closed refund_failed', 'pending cancelled paid restored confirmed', 'paid', 'ticket'],
]

// biome-ignore format: a table
export const CASH: Case[] = [
  ['instead of online', 'start, pay-in-cash, checkout closed, pay-in-cash, collect', 'confirmed paid', 0, 0, '', 'pending confirmed paid', 'paid', 'ticket: Paid in cash'],
  ['after a failure', 'start, fail 1, pay-in-cash', 'confirmed pending', 0, 0, '', 'pending failed confirmed', 'cash-due ₹180', 'ticket: Collect ₹180'],
  ['a failure afterwards', 'start, pay-in-cash, fail 1', 'confirmed pending', 0, 0, '', 'pending confirmed', 'cash-due ₹180', 'ticket: Collect ₹180'],
  ['an online capture afterwards', 'start, pay-in-cash, pay 1', 'confirmed paid', 0, 0, '', 'pending confirmed paid', 'paid', 'ticket'],
  ['no cash on top of it', 'start, pay-in-cash, pay 1, collect -> invalid_transition', 'confirmed paid', 0, 0, '', 'pending confirmed paid', 'paid', 'ticket'],
  ['an online capture once it was collected', 'start, pay-in-cash, collect, pay 1', 'confirmed paid', 0, 0, 'second_capture:closed', 'pending confirmed paid paid refunded', 'paid', 'ticket: Paid in cash'],
  ['of a paid order', 'start, pay 1, pay-in-cash -> already_paid', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['of a cancelled order', 'start, time-out, pay-in-cash -> order_cancelled', 'cancelled pending', 0, 0, '', 'pending cancelled', 'void', 'ended'],
  ['no payment of a cash order', 'cash, start -> cash_order', 'confirmed pending', 0, 0, '', 'confirmed', 'cash-due ₹180', 'ticket: Collect ₹180'],
]

// biome-ignore format: a table
export const LOST: Case[] = [
  ['a capture', 'start, pay 1 lost, reconcile', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['a capture, found, then told', 'start, pay 1 held, reconcile, release twice', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['a failure', 'start, fail 1 lost, reconcile', 'placed failed', 0, 0, '', 'pending failed', 'failed, pay ₹180', 'unpaid: Payment failed'],
  ['a failure and a capture', 'start, fail 1 lost, pay 1 lost, reconcile', 'confirmed paid', 0, 0, '', PAID, 'paid', 'ticket'],
  ['a refund in the dashboard', 'start, pay 1, give-back c1 1000 lost, reconcile', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['a capture and its refund', 'start, pay 1 lost, give-back c1 all lost, reconcile', 'confirmed refunded', 18_000, 0, '', `${PAID} refunded`, 'refunded ₹180', 'ticket: ₹180 refunded'],
  ['a late capture', 'start, time-out, pay 1 lost, reconcile', 'cancelled refunded', 18_000, 0, 'late_capture:closed', 'pending cancelled paid refunded', 'refunded ₹180', 'ended: ₹180 refunded'],
  ['the end of a refund', 'start, pay 1, slow-refunds, refund 1000, finish r1 processed lost, reconcile', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
  ['the failure of a refund', 'start, pay 1, slow-refunds, refund 1000, finish r1 failed lost, reconcile', 'confirmed paid', 0, 0, 'refund_failed', PAID, 'paid', 'ticket'],
  ['another shop’s', 'start, shop 5000 lost, reconcile', 'placed pending', 0, 0, 'unknown_payment', 'pending', 'unpaid, pay ₹180', 'unpaid'],
  ['a restart in between', 'start, pay 1 lost, restart, reconcile, restart, give-back c1 1000', 'confirmed partially_refunded', 1000, 0, '', `${PAID} refunded`, 'partially-refunded ₹10 of ₹180', 'ticket: ₹10 refunded'],
]
