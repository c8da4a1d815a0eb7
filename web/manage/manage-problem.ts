import { ApiError } from '../lib/api.js'
import { s } from '../strings/language.js'
import { explain } from '../ui/problem.js'

/** The field that the service refused, as the page names it; null: another problem. */
function fieldOf(error: ApiError): string | null {
  const { details } = error.body
  const first: unknown = Array.isArray(details) ? details[0] : null
  if (typeof first !== 'object' || first === null || !('path' in first)) return null
  const names: Record<string, string> = {
    name: s.manage.name,
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
  return names[String(first.path)] ?? null
}

/** What went wrong with a manager's change, in the page's language. */
export function explainChange(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== 'validation_failed') return explain(error)
  const field = fieldOf(error)
  return field === null ? s.manage.invalid : s.manage.invalidField(field)
}
