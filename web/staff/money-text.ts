import type { OrderView } from '../../src/protocol/views.js'
import { heldOf, moneyStateOf, surplusOf } from '../live/money-state.js'
import { isLive } from '../live/order-facts.js'
import { isCashOwed } from '../live/orders-state.js'
import { f } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'

/** The parts of the board that show an order: the tickets, the lists of what is owed, and the list of what has ended. */
export type BoardSection = 'ticket' | 'unpaid' | 'cash-owed' | 'refunds' | 'ended'

/** Where the board shows an order. What is owed stays in a list of its own until it is settled. Pure. */
export function sectionsOf(order: OrderView): BoardSection[] {
  if (isLive(order)) return [order.status === 'placed' ? 'unpaid' : 'ticket']
  return [
    ...(isCashOwed(order) ? ['cash-owed' as const] : []),
    ...(order.dueBack > 0 ? ['refunds' as const] : []),
    'ended',
  ]
}

/** What has been given back of an order, or is to be; null: nothing. Pure. */
export function describeRefund(order: OrderView): string | null {
  const state = moneyStateOf(order)
  const returning = state === 'returning' ? order.dueBack : surplusOf(order)
  const parts = [
    state === 'refund-due' && st.board.refundDue(f.money(heldOf(order))),
    returning > 0 && st.board.returning(f.money(returning)),
    order.refundedAmount > 0 && st.board.refunded(f.money(order.refundedAmount)),
  ].filter((part) => part !== false)
  return parts.length > 0 ? parts.join(' · ') : null
}

export interface MoneyWords {
  kind: 'refund' | 'cash-due' | 'cash-received' | 'failed'
  text: string
}

/** What the board says of an order's money; null: there is nothing to do and nothing to know. Pure. */
export function moneyText(order: OrderView): MoneyWords | null {
  const refund = describeRefund(order)
  if (refund) return { kind: 'refund', text: refund }
  if (isLive(order) && order.paymentStatus === 'failed')
    return { kind: 'failed', text: st.board.paymentFailed }
  if (order.paymentMethod !== 'cash' || order.status === 'cancelled') return null
  return order.paymentStatus === 'pending'
    ? { kind: 'cash-due', text: st.board.cashDue(f.money(order.total)) }
    : { kind: 'cash-received', text: st.board.cashReceived }
}
