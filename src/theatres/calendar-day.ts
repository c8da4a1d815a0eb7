import { Prisma } from '../database/client.js'
import { invalid } from '../errors.js'

/** A day of the calendar, as YYYY-MM-DD. Throws `validation_failed` for text that is none. */
export function checkDay(text: string, path = 'day'): string {
  const date = new Date(`${text}T00:00:00Z`)
  const isDay = /^[12]\d{3}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime())
  if (!isDay || date.toISOString().slice(0, 10) !== text)
    throw invalid(path, 'must be a date such as 2026-11-29')
  return text
}

/** The first instant of a day, or of the one after it, by the clock of the theatre in row `t`. */
export const startOfDay = (day: string, daysLater = 0): Prisma.Sql =>
  Prisma.sql`((${day}::text::date + ${daysLater}::int)::timestamp AT TIME ZONE t.time_zone)`
