import { useEffect, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { serverNow } from '../lib/server-time.js'
import { isNumber, recall, remember } from '../lib/storage.js'
import { EARLIER_FAILURE_MS, isConfirming, type Payable } from '../live/money-state.js'

// That the provider's checkout has reported success for an order: only its webhook to the service counts, but until
// that arrives no page of this browser may offer to pay again.

const keyOf = (orderId: number): string => `reported.${orderId}`

export function rememberReported(orderId: number): void {
  remember(keyOf(orderId), serverNow())
}

export const awaitsConfirmation = (order: Payable): boolean =>
  isConfirming(order, recall(keyOf(order.id), isNumber), serverNow())

/** Whether the order's payment was reported and is not confirmed yet; keeps up with the browser's other tabs. */
export function useConfirming(order: OrderView): boolean {
  const [, setReads] = useState(0)
  const confirming = awaitsConfirmation(order)
  useEffect(() => {
    const read = (): void => setReads((count) => count + 1)
    addEventListener('storage', read)
    addEventListener('pageshow', read)
    return () => {
      removeEventListener('storage', read)
      removeEventListener('pageshow', read)
    }
  }, [])
  useEffect(() => {
    if (!confirming) {
      remember(keyOf(order.id), null)
      return
    }
    const timer = setTimeout(() => setReads((count) => count + 1), EARLIER_FAILURE_MS)
    return () => clearTimeout(timer)
  }, [confirming, order])
  return confirming
}
