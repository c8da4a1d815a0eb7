import { Prisma } from '../database/client.js'
import { conflict, DomainError, invalid } from '../errors.js'
import type { MenuOptionView, OrderedOptionView } from '../protocol/views.js'
import type { WantedOption } from '../theatres/menu-options.js'
import { isOnSale } from '../theatres/menu-queries.js'

export interface WantedItem {
  menuItemId: number
  quantity: number
  /** at most one of each group and choice */
  options?: readonly WantedOption[]
}

/** One line of an order, with name and prices from the theatre's menu; `unitPrice` in paise, with its options. */
export interface OrderLine {
  menuItemId: number
  quantity: number
  name: string
  options: OrderedOptionView[]
  unitPrice: number
}

/** of one item, summed over all lines */
export const MAX_QUANTITY = 99
/** lines per request */
export const MAX_LINES = 50
/** paise; the largest value of the column */
const MAX_TOTAL = 2_147_483_647

/**
 * Sums lines of the same item and options and sorts them, so that equal carts have equal hashes. Throws
 * `validation_failed` for an empty or too long list, for quantities out of bounds, and for an option that is given twice.
 */
export function mergeLines(items: readonly WantedItem[]): WantedItem[] {
  if (items.length < 1 || items.length > MAX_LINES)
    throw invalid('items', `must have 1 to ${MAX_LINES} lines`)
  const lines = new Map<string, WantedItem>()
  const quantities = new Map<number, number>()
  for (const { menuItemId, quantity, options = [] } of items) {
    const ofItem = (quantities.get(menuItemId) ?? 0) + quantity
    if (!Number.isInteger(quantity) || quantity < 1 || ofItem > MAX_QUANTITY) {
      throw invalid('items', `the quantity of an item must be 1 to ${MAX_QUANTITY}`)
    }
    quantities.set(menuItemId, ofItem)
    const chosen = sortOptions(options)
    const key = JSON.stringify([menuItemId, chosen])
    const sum = (lines.get(key)?.quantity ?? 0) + quantity
    // without options the hash of a request is the one that earlier releases have stored
    lines.set(key, { menuItemId, quantity: sum, ...(chosen.length > 0 ? { options: chosen } : {}) })
  }
  return [...lines].sort(byItemAndKey).map(([, line]) => line)
}

const byItemAndKey = ([keyA, a]: [string, WantedItem], [keyB, b]: [string, WantedItem]): number =>
  a.menuItemId - b.menuItemId || compare(keyA, keyB)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function sortOptions(options: readonly WantedOption[]): WantedOption[] {
  const keyed = options.map(({ group, choice }) => ({ key: JSON.stringify([group, choice]), group, choice }))
  if (new Set(keyed.map(({ key }) => key)).size < keyed.length)
    throw invalid('items', 'an option must not be chosen twice')
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ group, choice }) => ({ group, choice }))
}

/** An item as it is on the menu. */
export interface OfferedItem {
  id: number
  name: string
  /** paise */
  price: number
  available: boolean
  options: MenuOptionView[]
}

/** The listed items of theatre `t` among those wanted, as a JSON expression. */
export function offeredItems(wanted: readonly WantedItem[]): Prisma.Sql {
  return Prisma.sql`(
    SELECT coalesce(json_agg(json_build_object(
      'id', m.id, 'name', m.name, 'price', m.price, 'available', ${isOnSale}, 'options', m.options)), '[]')
    FROM menu_items m WHERE m.theatre_id = t.id AND m.listed
      AND m.id = ANY(${wanted.map(({ menuItemId }) => menuItemId)}::int[]))`
}

/**
 * Takes names and prices from the menu. Throws 400 `unknown_menu_item` for an item that is not on it, 409
 * `menu_item_unavailable` for a sold-out one, `order_too_large`, and as `chooseOptions` does.
 */
export function priceLines(
  menu: readonly OfferedItem[],
  wanted: readonly WantedItem[],
): { lines: OrderLine[]; total: number } {
  const byId = new Map(menu.map((item) => [item.id, item]))
  const lines = wanted.map(({ menuItemId, quantity, options: chosen = [] }) => {
    const item = byId.get(menuItemId)
    if (!item) throw unknownItem(menuItemId)
    if (!item.available) {
      throw conflict('menu_item_unavailable', `${item.name} is sold out: remove it from the order.`)
    }
    const options = chooseOptions(item, chosen)
    const unitPrice = options.reduce((sum, { price }) => sum + price, item.price)
    return { menuItemId, quantity, name: item.name, options, unitPrice }
  })
  const total = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0)
  if (total > MAX_TOTAL) {
    throw new DomainError(400, 'order_too_large', 'The order’s total is too large: order less.')
  }
  return { lines, total }
}

/**
 * The chosen options with their prices, in the menu's order. Throws 400 `unknown_option` for a group or choice that the
 * item does not have, and 400 `wrong_number_of_options` for a group of which too few or too many are chosen.
 */
function chooseOptions(item: OfferedItem, chosen: readonly WantedOption[]): OrderedOptionView[] {
  const isChosen = (group: string, choice: string) =>
    chosen.some((each) => each.group === group && each.choice === choice)
  const found = item.options.map(({ name: group, min, max, choices }) => {
    const taken = choices.filter(({ name }) => isChosen(group, name))
    if (taken.length < min || taken.length > max) throw wrongNumber(item.name, group, min, max)
    return taken.map(({ name, price }) => ({ group, choice: name, price }))
  })
  const options = found.flat()
  if (options.length < chosen.length) {
    throw new DomainError(400, 'unknown_option', `${item.name} has no such option: choose from the menu.`)
  }
  return options
}

function wrongNumber(item: string, group: string, min: number, max: number): DomainError {
  const range = min === max ? String(min) : `${min} to ${max}`
  return new DomainError(400, 'wrong_number_of_options', `Choose ${range} of “${group}” for ${item}.`)
}

function unknownItem(menuItemId: number): DomainError {
  return new DomainError(400, 'unknown_menu_item', `Item ${menuItemId} is not on this theatre’s menu.`)
}
