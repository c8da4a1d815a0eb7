/** ISO order, as `Date` counts from Sunday */
export const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const

export type Weekday = (typeof WEEKDAYS)[number]

/** One span of a weekday, as local times `HH:MM`. A closing time that is not after the opening time is the next day's. */
export interface OpeningSpan {
  day: Weekday
  opens: string
  closes: string
}

/** When a theatre takes orders. */
export interface OpeningHours {
  timeZone: string
  /** null: always open; empty: never */
  openingHours: readonly OpeningSpan[] | null
  /** minutes before closing time at which ordering ends */
  lastOrders: number
}

export interface Opening {
  accepting: boolean
  /** null: it is open, or there is no opening time in the coming week */
  reopensAt: Date | null
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1440
const DAY_MS = DAY_MINUTES * MINUTE_MS

/**
 * An IANA time zone's name, which Node and PostgreSQL read alike. Offsets are none: PostgreSQL reads their sign the other way
 * round. Nor are abbreviations: IST is India's time to Node, Israel's to PostgreSQL.
 */
export function isTimeZone(name: string): boolean {
  if (!/^(?:[a-z]+\/.+|utc|gmt)$/i.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Whether a theatre takes orders at a moment, and if not, when it does again. */
export function openingAt(hours: OpeningHours, now: Date): Opening {
  if (hours.openingHours === null) return { accepting: true, reopensAt: null }
  const next = nextSpan(hours, now)
  if (!next) return { accepting: false, reopensAt: null }
  return next.from <= now.getTime()
    ? { accepting: true, reopensAt: null }
    : { accepting: false, reopensAt: new Date(next.from) }
}

/** When a theatre that takes orders at a moment takes no more; null: not in the coming week, or it takes none. */
export function closingAt(hours: OpeningHours, now: Date): Date | null {
  const next = nextSpan(hours, now)
  return next && next.from <= now.getTime() ? new Date(next.to) : null
}

/** The span in which orders are taken at a moment, or next. */
function nextSpan({ openingHours, timeZone, lastOrders }: OpeningHours, now: Date): Span | undefined {
  const lastOrdersMs = lastOrders * MINUTE_MS
  return spansAround(openingHours ?? [], timeZone, now)
    .map(({ from, to }) => ({ from, to: to - lastOrdersMs }))
    .find(({ from, to }) => from < to && to > now.getTime())
}

interface Span {
  /** ms since the epoch */
  from: number
  to: number
}

/** The spans from yesterday to a week ahead, in order; those that meet are one, so that only the last closing time counts. */
function spansAround(openingHours: readonly OpeningSpan[], timeZone: string, now: Date): Span[] {
  const today = Math.floor(localTime(now.getTime(), timeZone) / DAY_MS)
  const spans: Span[] = []
  for (let day = today - 1; day <= today + 8; day += 1) {
    const weekday = WEEKDAYS[new Date(day * DAY_MS).getUTCDay()]
    for (const span of openingHours) {
      if (span.day !== weekday) continue
      const opens = minutesOf(span.opens)
      const closes = minutesOf(span.closes)
      const at = (minutes: number) => instantOf(day * DAY_MS + minutes * MINUTE_MS, timeZone)
      spans.push({ from: at(opens), to: at(closes > opens ? closes : closes + DAY_MINUTES) })
    }
  }
  return merge(spans.sort((a, b) => a.from - b.from))
}

function merge(sorted: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const span of sorted) {
    const last = merged.at(-1)
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to)
    else merged.push({ ...span })
  }
  return merged
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number)
  return (hours ?? 0) * 60 + (minutes ?? 0)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}

/** The wall clock of a time zone at an instant, in ms as if it were UTC. */
function localTime(instant: number, timeZone: string): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
}

/** The instant of a wall clock's time; where the clock skips it, the same time before the change. */
function instantOf(local: number, timeZone: string): number {
  const guess = local - (localTime(local, timeZone) - local)
  return local - (localTime(guess, timeZone) - guess)
}
