import { ApiError } from '../lib/api.js'
import { st } from '../strings/staff/strings.js'
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
    name: st.manage.name,
    description: st.manage.menu.description,
    category: st.manage.menu.category,
    price: st.manage.menu.price,
    options: st.manage.menu.options,
    timeZone: st.manage.timeZone,
    max_time: st.manage.maxTime,
    min_time: st.manage.minTime,
    openingHours: st.manage.opening,
    lastOrders: st.manage.lastOrders,
    gstin: st.manage.gstin,
    gstRate: st.manage.gstRate,
    receiptHeader: st.manage.receiptHeader,
    seats: st.manage.rows,
    username: st.manage.username,
    password: st.manage.password,
  }
  return names[pathsOf(error)[0]?.split('.')[0] ?? ''] ?? null
}

/** What went wrong with a manager's change, in the page's language. */
export function explainChange(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== 'validation_failed') return explain(error)
  const field = fieldOf(error)
  return field === null ? st.manage.invalid : st.manage.invalidField(field)
}
