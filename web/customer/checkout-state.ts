import type { OrderView } from '../lib/views.js'
import { heldOf } from '../live/money-state.js'

/** Whether a checkout may take money for its order, and if not, why. */
export type CheckoutState = 'payable' | 'confirming' | 'paid' | 'cancelled' | 'cash'

export function checkoutStateOf(order: OrderView, confirming: boolean): CheckoutState {
  if (order.status === 'cancelled') return 'cancelled'
  if (heldOf(order) > 0 || order.paymentStatus === 'refunded') return 'paid'
  if (order.paymentMethod === 'cash') return 'cash'
  if (confirming) return 'confirming'
  return order.status === 'placed' ? 'payable' : 'paid'
}
