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
 * Whether the answer to an order is one that the customer has seen before, or that has ended since: it was made by an
 * earlier request, and who orders the same now may want more of it.
 */
export const isEarlierOrder = (order: Pick<OrderView, 'id' | 'status'>): boolean =>
  !isLive(order) || opened().includes(order.id)
