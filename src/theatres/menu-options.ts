import type { MenuOptionView } from '../protocol/views.js'

/** One choice of a customer, by its names on the menu. */
export interface WantedOption {
  group: string
  choice: string
}

/** characters of the name of an item, a category, an option or a choice */
export const MAX_NAME = 100
/** paise; the largest price of an item or a choice */
export const MAX_PRICE = 10_000_000
/** items of a menu, which each phone gets whole after each change; a theatre's file has no more either */
export const MAX_ITEMS = 1000
export const MAX_OPTIONS = 20
export const MAX_CHOICES = 50

/**
 * Why these options can't be on a menu; null: they can. Names must be unique, as orders name what they choose, and a group
 * must have enough choices for its `min`.
 */
export function optionsProblem(options: readonly MenuOptionView[]): string | null {
  if (hasRepeats(options)) return 'must have names that differ'
  for (const { name, min, max, choices } of options) {
    if (hasRepeats(choices)) return `"${name}" must have choices with names that differ`
    if (max < 1 || min > max) return `"${name}" must have a max of at least 1 and at least its min`
    if (min > choices.length) return `"${name}" must have at least ${min} choices`
  }
  return null
}

function hasRepeats(named: readonly { name: string }[]): boolean {
  return new Set(named.map(({ name }) => name)).size < named.length
}
