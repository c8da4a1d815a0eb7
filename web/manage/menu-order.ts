/** The largest position that the service accepts. */
const MAX_POSITION = 1_000_000

interface Placed {
  id: number
  category: string
  position: number
}

/** The order of a menu: by position, then by age. */
export const byPosition = (a: Placed, b: Placed): number => a.position - b.position || a.id - b.id

/**
 * The positions that change when an item of a sorted menu changes places with its neighbour of the same category; empty where
 * it has none on that side. Two, unless positions were equal.
 */
export function movedPositions(
  menu: readonly Placed[],
  id: number,
  by: -1 | 1,
): { id: number; position: number }[] {
  const moved = menu.find((item) => item.id === id)
  const category = menu.filter((item) => item.category === moved?.category)
  const other = moved && category[category.indexOf(moved) + by]
  if (!moved || !other) return []
  const order = menu.map((item) => (item === moved ? other : item === other ? moved : item))
  const positions = ascending(menu.map(({ position }) => position))
  return order
    .map((item, place) => ({ id: item.id, before: item.position, position: positions[place] ?? place }))
    .filter(({ before, position }) => before !== position)
    .map(({ id: changed, position }) => ({ id: changed, position }))
}

/** Each larger than the one before it. */
function ascending(sorted: readonly number[]): number[] {
  const found: number[] = []
  for (const position of sorted) found.push(Math.max(position, (found.at(-1) ?? -1) + 1))
  return (found.at(-1) ?? 0) > MAX_POSITION ? found.map((_, place) => place) : found
}
