import type { MenuItemView } from '../../src/protocol/views.js'

export interface MenuSection<Item = MenuItemView> {
  /** of the heading's element */
  id: string
  /** empty: without a heading */
  name: string
  items: Item[]
}

export interface MenuFilter {
  /** as typed: words that an item's name, description or category begins with or has, in any order */
  search: string
  onlyVeg: boolean
}

/** The menu's items under their categories, in the menu's order, without what the filter leaves out. */
export function sectionsOf<Item extends MenuItemView>(
  menu: readonly Item[],
  { search, onlyVeg }: MenuFilter,
): MenuSection<Item>[] {
  const words = fold(search).split(/\s+/).filter(Boolean)
  const sections = new Map<string, Item[]>()
  for (const item of menu) {
    // a heading keeps its place, and its id, whatever the filter
    const items = sections.get(item.category) ?? []
    sections.set(item.category, items)
    if (onlyVeg && item.diet !== 'vegetarian') continue
    const text = fold(`${item.name} ${item.description} ${item.category}`)
    if (words.every((word) => text.includes(word))) items.push(item)
  }
  return [...sections]
    .map(([name, items], place) => ({ id: `menu-section-${place}`, name, items }))
    .filter(({ items }) => items.length > 0)
}

/** Without case and accents: people search for "jalapeno". Marks of Indian scripts stay, as they are vowels. */
function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f\p{Bidi_Control}]/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .trim()
}
