import type { MenuOptionView } from '../protocol/views.js'

/** One choice of a customer, by its names on the menu. */
export interface WantedOption {
  group: string
  choice: string
}

/**
 * Why these options can't be on a menu; null: they can. Names must be unique, as orders name what they choose, and a group
 * must have enough choices for its `min`.
 */
export function optionsProblem(options: readonly MenuOptionView[]): string | null {
  if (hasRepeats(options)) return 'must have unique names'
  for (const { name, min, max, choices } of options) {
    if (hasRepeats(choices)) return `"${name}" must have choices with unique names`
    if (max < 1 || min > max) return `"${name}" must have a max of at least 1 and at least its min`
    if (min > choices.length) return `"${name}" must have at least ${min} choices`
  }
  return null
}

function hasRepeats(named: readonly { name: string }[]): boolean {
  return new Set(named.map(({ name }) => name)).size < named.length
}
