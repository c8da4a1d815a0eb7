// The order of a menu, for the service and for the managers' page, which shows a move at once.

export interface Placed {
  id: number
  category: string
  position: number
}

/** The order of a menu: by position, then by age. */
export const byPosition = (a: Placed, b: Placed): number => a.position - b.position || a.id - b.id

/** The items of a menu in its order by category, which is where its first item is. */
export function byCategory<Item extends Placed>(menu: readonly Item[]): Map<string, Item[]> {
  const categories = new Map<string, Item[]>()
  for (const item of [...menu].sort(byPosition)) {
    const items = categories.get(item.category)
    if (items) items.push(item)
    else categories.set(item.category, [item])
  }
  return categories
}

/** Where an item moves: before another one of the category, or (null) to its end. */
export interface ItemPlace {
  category: string
  before: number | null
}

/**
 * The whole menu with an item in another place, in its new order and with its new positions; null where there is no such item,
 * or no such place.
 */
export function moveItem<Item extends Placed>(
  menu: readonly Item[],
  id: number,
  { category, before }: ItemPlace,
): Item[] | null {
  const moved = menu.find((item) => item.id === id)
  if (!moved) return null
  const categories = byCategory(menu)
  const left = (categories.get(moved.category) ?? []).filter((item) => item !== moved)
  categories.set(moved.category, left)
  const items = categories.get(category) ?? []
  const at = before === null ? items.length : items.findIndex((item) => item.id === before)
  if (at < 0) return null
  categories.set(category, [...items.slice(0, at), { ...moved, category }, ...items.slice(at)])
  return numbered([...categories.values()].flat())
}

/** The same for a category as a whole, which moves before another one, or (null) to the end. */
export function moveCategory<Item extends Placed>(
  menu: readonly Item[],
  category: string,
  before: string | null,
): Item[] | null {
  const categories = byCategory(menu)
  const moved = categories.get(category)
  if (!moved || category === before) return null
  categories.delete(category)
  const names = [...categories.keys()]
  const at = before === null ? names.length : names.indexOf(before)
  if (at < 0) return null
  const order = [...names.slice(0, at), category, ...names.slice(at)]
  return numbered(order.flatMap((name) => (name === category ? moved : (categories.get(name) ?? []))))
}

const numbered = <Item extends Placed>(order: readonly Item[]): Item[] =>
  order.map((item, position) => ({ ...item, position }))
