import type { OrderView } from '../../src/protocol/views.js'
import { isNumber, recall, remember } from '../lib/storage.js'
import { isLive } from '../live/order-facts.js'

// Which orders' pages were opened in this browser.

const KEPT = 30

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber)
const opened = (): number[] => recall('opened-orders', isNumbers) ?? []

export function rememberOpened(orderId: number): void {
  remember('opened-orders', [orderId, ...opened().filter((id) => id !== orderId)].slice(0, KEPT))
}

/**
 * Call it when an order is sent. Returns whether the answer is an order that the customer had seen by then, or that has ended
 * since: an earlier request made it, and who orders the same now may want more of it. What another tab has opened
 * meanwhile is the order that this request made as well.
 */
export function earlierOrders(): (order: Pick<OrderView, 'id' | 'status'>) => boolean {
  const seen = opened()
  return (order) => !isLive(order) || seen.includes(order.id)
}
