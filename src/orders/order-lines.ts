import { Prisma } from '../database/client.js'
import { conflict, DomainError, invalid } from '../errors.js'

export interface WantedItem {
  menuItemId: number
  quantity: number
}

/** One line of an order, with name and price from the theatre's menu; `unitPrice` in paise. */
export interface OrderLine extends WantedItem {
  name: string
  unitPrice: number
}

/** of one item, summed over all lines */
export const MAX_QUANTITY = 99
/** lines per request */
export const MAX_LINES = 50
/** paise; the largest value of the column */
const MAX_TOTAL = 2_147_483_647

/**
 * Sums lines of the same item and sorts them by item, so that equal carts have equal hashes. Throws `validation_failed`
 * for an empty or too long list and for quantities out of bounds.
 */
export function mergeLines(items: readonly WantedItem[]): WantedItem[] {
  if (items.length < 1 || items.length > MAX_LINES)
    throw invalid('items', `must have 1 to ${MAX_LINES} lines`)
  const quantities = new Map<number, number>()
  for (const { menuItemId, quantity } of items) {
    const sum = (quantities.get(menuItemId) ?? 0) + quantity
    if (!Number.isInteger(quantity) || quantity < 1 || sum > MAX_QUANTITY) {
      throw invalid('items', `the quantity of an item must be 1 to ${MAX_QUANTITY}`)
    }
    quantities.set(menuItemId, sum)
  }
  return [...quantities]
    .map(([menuItemId, quantity]) => ({ menuItemId, quantity }))
    .sort((a, b) => a.menuItemId - b.menuItemId)
}

/** An item as it is on the menu. */
export interface OfferedItem {
  id: number
  name: string
  /** paise */
  price: number
  available: boolean
}

/** The listed items among those wanted, as a JSON expression. */
export function offeredItems(theatreId: number, wanted: readonly WantedItem[]): Prisma.Sql {
  return Prisma.sql`(
    SELECT coalesce(json_agg(json_build_object(
      'id', m.id, 'name', m.name, 'price', m.price, 'available', m.available)), '[]')
    FROM menu_items m WHERE m.theatre_id = ${theatreId}::int AND m.listed
      AND m.id = ANY(${wanted.map(({ menuItemId }) => menuItemId)}::int[]))`
}

/**
 * Takes names and prices from the menu. Throws 400 `unknown_menu_item` for an item that is not on it, 409
 * `menu_item_unavailable` for a sold-out one, and 400 `order_too_large`.
 */
export function priceLines(
  menu: readonly OfferedItem[],
  wanted: readonly WantedItem[],
): { lines: OrderLine[]; total: number } {
  const byId = new Map(menu.map((item) => [item.id, item]))
  const lines = wanted.map(({ menuItemId, quantity }) => {
    const item = byId.get(menuItemId)
    if (!item) throw unknownItem(menuItemId)
    if (!item.available) {
      throw conflict('menu_item_unavailable', `${item.name} is sold out: remove it from the order.`)
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
