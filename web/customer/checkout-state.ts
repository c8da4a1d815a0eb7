import type { OrderView } from '../../src/protocol/views.js'

/** Whether a checkout may take money for its order, and if not, why. */
export type CheckoutState = 'payable' | 'confirming' | 'paid' | 'cancelled' | 'cash' | 'review'

/** Why the service does not let this order be paid; `review`: a payment of it is being checked. */
export function closedStateOf({ status, paymentMethod, paymentStatus }: OrderView): CheckoutState {
  if (status === 'cancelled') return 'cancelled'
  if (paymentStatus !== 'pending' && paymentStatus !== 'failed') return 'paid'
  if (paymentMethod === 'cash') return 'cash'
  return status === 'placed' ? 'review' : 'paid'
}
