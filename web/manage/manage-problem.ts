import { ApiError } from '../lib/api.js'
import { s } from '../strings/language.js'
import { explain } from '../ui/problem.js'
import type { FieldProblems } from './item-form.js'

/** The paths of the fields that the service refused, such as `options.0.name`. */
function pathsOf(error: ApiError): string[] {
  const { details } = error.body
  const found: unknown[] = Array.isArray(details) ? details : []
  return found.flatMap((each) =>
    typeof each === 'object' && each !== null && 'path' in each ? [String(each.path)] : [],
  )
}

/** What the service refused of an item, by field; empty where the reason is no field. */
export function refusedFields(error: unknown): FieldProblems {
  if (!(error instanceof ApiError)) return {}
  if (error.code === 'menu_item_exists') return { name: 'nameTaken' }
  if (error.code !== 'validation_failed') return {}
  return Object.fromEntries(pathsOf(error).map((path) => [path, path === 'price' ? 'price' : 'invalid']))
}

/** The field that the service refused, as the page names it; null: another problem. */
function fieldOf(error: ApiError): string | null {
  const names: Record<string, string> = {
    name: s.manage.name,
    description: s.manage.menu.description,
    category: s.manage.menu.category,
    price: s.manage.menu.price,
    options: s.manage.menu.options,
    timeZone: s.manage.timeZone,
    max_time: s.manage.maxTime,
    min_time: s.manage.minTime,
    openingHours: s.manage.opening,
    lastOrders: s.manage.lastOrders,
    gstin: s.manage.gstin,
    gstRate: s.manage.gstRate,
    receiptHeader: s.manage.receiptHeader,
    seats: s.manage.rows,
    username: s.manage.username,
    password: s.manage.password,
  }
  return names[pathsOf(error)[0]?.split('.')[0] ?? ''] ?? null
}

/** What went wrong with a manager's change, in the page's language. */
export function explainChange(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== 'validation_failed') return explain(error)
  const field = fieldOf(error)
  return field === null ? s.manage.invalid : s.manage.invalidField(field)
}
