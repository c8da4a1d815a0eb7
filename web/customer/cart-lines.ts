import type { MenuItemView } from '../../src/protocol/views.js'
import { type Cart, type Line, lineKey } from './cart.js'

/** Why a line can't be ordered just now; null: it can. */
export type LineProblem = 'sold-out' | 'gone' | 'options-changed' | null

/** A line of the cart as the menu has it now. */
export interface CartLine {
  key: string
  line: Line
  name: string
  /** names of the chosen options */
  choices: string[]
  /** paise for one, with its options */
  unitPrice: number
  problem: LineProblem
}

/** The cart's lines in the order of the menu; those that have left it come last. */
export function readLines(cart: Cart, menu: readonly MenuItemView[]): CartLine[] {
  const places = new Map(menu.map(({ id }, place) => [id, place]))
  const placeOf = ({ menuItemId }: Line): number => places.get(menuItemId) ?? menu.length
  return [...cart.lines]
    .sort((a, b) => placeOf(a) - placeOf(b) || (lineKey(a) < lineKey(b) ? -1 : 1))
    .map((line) => readLine(line, menu[placeOf(line)]))
}

function readLine(line: Line, item: MenuItemView | undefined): CartLine {
  const chosen = line.options ?? []
  const base = { key: lineKey(line), line, choices: chosen.map(({ choice }) => choice) }
  if (!item) return { ...base, name: line.name ?? '', unitPrice: 0, problem: 'gone' }
  const prices = chosen.map(
    ({ group, choice }) =>
      item.options.find(({ name }) => name === group)?.choices.find(({ name }) => name === choice)?.price,
  )
  const unitPrice = prices.reduce<number>((sum, price) => sum + (price ?? 0), item.price)
  const areKnown = !prices.includes(undefined) && item.options.every((option) => isEnough(option, chosen))
  const problem = !item.available ? 'sold-out' : areKnown ? null : 'options-changed'
  return { ...base, name: item.name, unitPrice, problem }
}

/** Whether as many of the option's choices are chosen as it asks for. */
export function isEnough(
  { name, min, max }: MenuItemView['options'][number],
  chosen: readonly { group: string }[],
): boolean {
  const count = chosen.filter(({ group }) => group === name).length
  return count >= min && count <= max
}

export interface CartTotal {
  /** of what can be ordered */
  count: number
  paise: number
  /** lines that can't be ordered just now */
  problems: number
}

export function totalOf(cart: Cart, menu: readonly MenuItemView[]): CartTotal {
  const total: CartTotal = { count: 0, paise: 0, problems: 0 }
  for (const { line, unitPrice, problem } of readLines(cart, menu)) {
    if (problem !== null) total.problems += 1
    else {
      total.count += line.quantity
      total.paise += line.quantity * unitPrice
    }
  }
  return total
}
