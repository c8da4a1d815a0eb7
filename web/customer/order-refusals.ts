import type { MenuItemView, OrderView } from '../../src/protocol/views.js'
import { ApiError } from '../lib/api-error.js'

// Refusals of an order that carry what to show instead. Their shapes are the protocol's.

function bodyOf<T extends object>(error: unknown, code: string, member: string): T | null {
  if (!(error instanceof ApiError) || error.code !== code) return null
  return typeof error.body[member] === 'object' && error.body[member] !== null ? (error.body as T) : null
}

/** The menu and the sum that hold now, when the order would have cost something else than the button said. */
export const newPrices = (error: unknown): { menu: MenuItemView[]; total: number } | null =>
  bodyOf(error, 'price_changed', 'menu')

/** The order that was made with the cart's key before the cart changed. */
export const earlierOrder = (error: unknown): OrderView | null =>
  bodyOf<{ order: OrderView }>(error, 'idempotency_key_reused', 'order')?.order ?? null
