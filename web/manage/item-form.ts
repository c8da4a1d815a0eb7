import { MAX_CHOICES, MAX_PRICE } from '../../src/protocol/menu-limits.js'
import { trimBlanks } from '../../src/protocol/typed-text.js'
import type { Diet, ManagedItemView } from '../../src/protocol/views.js'
import { readAmount, writeAmount } from '../lib/amount.js'
import type { MenuItemFields } from '../lib/manager-api.js'
import { readCount } from '../lib/rows.js'

// What a manager types about an item, and what the service is sent.

export interface TypedChoice {
  /** of the row, while the form is open */
  key: number
  name: string
  price: string
}

export interface TypedOption {
  key: number
  name: string
  min: string
  max: string
  choices: TypedChoice[]
}

export interface TypedItem {
  name: string
  description: string
  category: string
  price: string
  diet: Diet | null
  options: TypedOption[]
}

/** What the service is sent; prices are in paise. */
export type ItemFields = Omit<MenuItemFields, 'position'>

export type FieldProblem =
  | 'invalid'
  | 'nameMissing'
  | 'nameRepeated'
  | 'nameTaken'
  | 'price'
  | 'choicePrice'
  | 'min'
  | 'max'
  | 'choicesMissing'
  | 'tooFewChoices'

/** By the field's path as the service names it: `price`, `options.0.choices.1.name`. */
export type FieldProblems = Readonly<Record<string, FieldProblem>>

let keys = 0
function nextKey(): number {
  keys += 1
  return keys
}

export const emptyChoice = (): TypedChoice => ({ key: nextKey(), name: '', price: '' })

export const emptyOption = (): TypedOption => ({
  key: nextKey(),
  name: '',
  min: '0',
  max: '1',
  choices: [emptyChoice()],
})

export const emptyItem = (): TypedItem => ({
  name: '',
  description: '',
  category: '',
  price: '',
  diet: null,
  options: [],
})

export const typedOf = (item: ManagedItemView): TypedItem => ({
  name: item.name,
  description: item.description,
  category: item.category,
  price: writeAmount(item.price),
  diet: item.diet,
  options: item.options.map(({ name, min, max, choices }) => ({
    key: nextKey(),
    name,
    min: String(min),
    max: String(max),
    choices: choices.map((choice) => ({
      key: nextKey(),
      name: choice.name,
      price: choice.price === 0 ? '' : writeAmount(choice.price),
    })),
  })),
})

/** The item as typed, with what is wrong in it by field; it may be sent where nothing is. */
export function readItem(typed: TypedItem): { fields: ItemFields; problems: FieldProblems } {
  const problems: Record<string, FieldProblem> = {}
  const name = trimBlanks(typed.name)
  if (name === '') problems.name = 'nameMissing'
  const price = readAmount(typed.price)
  if (price === null || price < 1 || price > MAX_PRICE) problems.price = 'price'
  const names = typed.options.map((option) => trimBlanks(option.name))
  const options = typed.options.map((option, place) => {
    const path = `options.${place}`
    checkName(names, place, `${path}.name`, problems)
    return readOption(option, path, problems)
  })
  return {
    fields: {
      name,
      description: trimBlanks(typed.description),
      category: trimBlanks(typed.category),
      price: price ?? 0,
      diet: typed.diet,
      options,
    },
    problems,
  }
}

/** What differs from the item as it was read: another manager may have changed the rest meanwhile. */
export function changedFields(item: ManagedItemView, fields: ItemFields): Partial<ItemFields> {
  const before = readItem(typedOf(item)).fields
  const entries = Object.entries(fields) as [keyof ItemFields, unknown][]
  return Object.fromEntries(
    entries.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  )
}

function readOption(
  typed: TypedOption,
  path: string,
  problems: Record<string, FieldProblem>,
): ItemFields['options'][number] {
  const min = readCount(typed.min, 0)
  const max = readCount(typed.max)
  const { length } = typed.choices
  if (max === null || max > MAX_CHOICES) problems[`${path}.max`] = 'max'
  if (min === null || (max !== null && min > max)) problems[`${path}.min`] = 'min'
  else if (length > 0 && min > length) problems[`${path}.min`] = 'tooFewChoices'
  if (length === 0) problems[`${path}.choices`] = 'choicesMissing'
  const names = typed.choices.map((choice) => trimBlanks(choice.name))
  const choices = typed.choices.map((choice, place) => {
    const at = `${path}.choices.${place}`
    checkName(names, place, `${at}.name`, problems)
    const price = trimBlanks(choice.price) === '' ? 0 : readAmount(choice.price)
    if (price === null || price > MAX_PRICE) problems[`${at}.price`] = 'choicePrice'
    return { name: names[place] ?? '', price: price ?? 0 }
  })
  return { name: trimBlanks(typed.name), min: min ?? 0, max: max ?? 1, choices }
}

function checkName(
  names: readonly string[],
  place: number,
  path: string,
  problems: Record<string, FieldProblem>,
): void {
  const name = names[place] ?? ''
  if (name === '') problems[path] = 'nameMissing'
  else if (names.indexOf(name) < place) problems[path] = 'nameRepeated'
}
