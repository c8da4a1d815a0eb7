import { byCategory, type ItemPlace, type Placed } from '../../src/protocol/menu-order.js'

/** The place one step up or down, at the edge of a category in the one beside it; null: there is none. */
export function stepOf(menu: readonly Placed[], item: Placed, by: -1 | 1): ItemPlace | null {
  const { category } = item
  const categories = byCategory(menu)
  const own = categories.get(category) ?? []
  const at = own.findIndex(({ id }) => id === item.id)
  const other = own[at + by]
  if (at >= 0 && other) return { category, before: by < 0 ? other.id : (own[at + 2]?.id ?? null) }
  const names = [...categories.keys()]
  const next = names[names.indexOf(category) + by]
  if (at < 0 || next === undefined) return null
  return { category: next, before: by < 0 ? null : (categories.get(next)?.[0]?.id ?? null) }
}

/** The category before which one stands after a step, or null for the end; undefined: there is no step. */
export function categoryStepOf(
  menu: readonly Placed[],
  category: string,
  by: -1 | 1,
): string | null | undefined {
  const names = [...byCategory(menu).keys()]
  const at = names.indexOf(category)
  if (at < 0 || names[at + by] === undefined) return undefined
  return names[by < 0 ? at - 1 : at + 2] ?? null
}
