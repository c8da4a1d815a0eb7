import type { Transaction } from '../database/client.js'
import { conflict, DomainError, invalid } from '../errors.js'

export interface WantedItem {
  menuItemId: number
  quantity: number
}

/** One line of an order, priced by the theatre's menu; `unitPrice` in paise. */
export interface OrderLine extends WantedItem {
  name: string
  unitPrice: number
}

/** of one item, after repeated lines were added up */
export const MAX_QUANTITY = 99
/** lines of one request */
export const MAX_LINES = 50
const MAX_TOTAL = 2_147_483_647

/**
 * Adds up lines that name the same item, sorted by item: two carts of the same things look the same. Throws
 * `validation_failed` for an empty or too long list and for quantities out of bounds.
 */
export function mergeLines(items: readonly WantedItem[]): WantedItem[] {
  if (items.length < 1 || items.length > MAX_LINES) throw invalid('items', `must be 1 to ${MAX_LINES} lines`)
  const quantities = new Map<number, number>()
  for (const { menuItemId, quantity } of items) {
    const sum = (quantities.get(menuItemId) ?? 0) + quantity
    if (!Number.isInteger(quantity) || quantity < 1 || sum > MAX_QUANTITY) {
      throw invalid('items', `of one item, 1 to ${MAX_QUANTITY} can be ordered`)
    }
    quantities.set(menuItemId, sum)
  }
  return [...quantities]
    .map(([menuItemId, quantity]) => ({ menuItemId, quantity }))
    .sort((a, b) => a.menuItemId - b.menuItemId)
}

/**
 * Names and prices from the theatre's own menu. Throws 400 `unknown_menu_item` for what is not on it (another
 * theatre's included), 409 `menu_item_unavailable` for what is sold out, 400 `order_too_large`.
 */
export async function priceLines(
  tx: Transaction,
  theatreId: number,
  wanted: readonly WantedItem[],
): Promise<{ lines: OrderLine[]; total: number }> {
  const menu = await tx.menuItem.findMany({
    where: { theatreId, listed: true, id: { in: wanted.map(({ menuItemId }) => menuItemId) } },
    select: { id: true, name: true, price: true, available: true },
  })
  const byId = new Map(menu.map((item) => [item.id, item]))
  const lines = wanted.map(({ menuItemId, quantity }) => {
    const item = byId.get(menuItemId)
    if (!item) throw unknownItem(menuItemId)
    if (!item.available) {
      throw conflict('menu_item_unavailable', `${item.name} can’t be had just now: take it out of the order.`)
    }
    return { menuItemId, quantity, name: item.name, unitPrice: item.price }
  })
  const total = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0)
  if (total > MAX_TOTAL) {
    throw new DomainError(400, 'order_too_large', 'The order’s total is too large: order less.')
  }
  return { lines, total }
}

function unknownItem(menuItemId: number): DomainError {
  return new DomainError(400, 'unknown_menu_item', `Item ${menuItemId} is not on this theatre’s menu.`)
}
