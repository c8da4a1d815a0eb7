/** Amounts and times in a locale's conventions. Pure: strings/language.ts picks the page's locale once. */
export interface Formats {
  /** paise -> "₹250" or "₹250.50" */
  money(paise: number): string
  number(value: number): string
  /** the time of day; `timeZone`: another than the page's */
  time(iso: string | number, timeZone?: string): string
  dateTime(iso: string, timeZone?: string): string
  /** "3 minutes ago" */
  ago(iso: string, now: number): string
  list(entries: readonly string[]): string
  plural(count: number, one: string, other: string): string
}

type TimeFormat = Pick<Intl.DateTimeFormatOptions, 'dateStyle' | 'timeStyle'>

/** A format for each time zone, made once: making one costs far more than using it, and the board shows dozens of times each second. */
function formatsOf(locale: string, style: TimeFormat): (timeZone?: string) => Intl.DateTimeFormat {
  const made = new Map<string | undefined, Intl.DateTimeFormat>()
  return (timeZone) => {
    const format =
      made.get(timeZone) ?? new Intl.DateTimeFormat(locale, { ...style, ...(timeZone && { timeZone }) })
    made.set(timeZone, format)
    return format
  }
}

/** `zone`: an IANA time zone; the device's unless given. */
export function createFormats(locale: string, zone?: string): Formats {
  const money = (digits: number): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, {
      style: 'currency',
      currency: 'INR',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
  const whole = money(0)
  const exact = money(2)
  const number = new Intl.NumberFormat(locale)
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const list = new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' })
  const rules = new Intl.PluralRules(locale)
  const time = formatsOf(locale, { timeStyle: 'short' })
  const dateTime = formatsOf(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return {
    money: (paise) => (paise % 100 === 0 ? whole : exact).format(paise / 100),
    number: (value) => number.format(value),
    time: (at, timeZone = zone) => time(timeZone).format(new Date(at)),
    dateTime: (iso, timeZone = zone) => dateTime(timeZone).format(new Date(iso)),
    ago(iso, now) {
      const minutes = Math.round((Date.parse(iso) - now) / 60_000)
      if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute')
      const hours = Math.round(minutes / 60)
      return Math.abs(hours) < 48
        ? relative.format(hours, 'hour')
        : relative.format(Math.round(hours / 24), 'day')
    },
    list: (entries) => list.format(entries),
    plural: (count, one, other) => (rules.select(count) === 'one' ? one : other),
  }
}

/** English: "1 order", "2 orders". */
export const count = (many: number, one: string, other: string): string =>
  `${many} ${many === 1 ? one : other}`

/** A running age: "4:07", from an hour on "1:02:33". Never negative, even when clocks disagree. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/**
 * Text from another person, safe to display: without control characters (line breaks stay) and without the marks
 * that change the direction of surrounding text (U+202A-E, U+2066-9, U+200E-F, U+061C).
 */
export function plainText(typed: string): string {
  return typed.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, '')
}

/** Most seats are called like "E7"; a name like "Recliner W12" needs smaller letters where seats are set large. */
export function isLong(seat: string): boolean {
  return seat.length > 4
}

/** Natural order for halls and seats: A2 before A10. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true })
}

/** Browser and system named by a user agent; null when it names neither or only one. */
export function readUserAgent(agent: string): { browser: string; system: string } | null {
  const browser = /Edg\//.test(agent)
    ? 'Edge'
    : /(?:Firefox|FxiOS)\//.test(agent)
      ? 'Firefox'
      : /(?:Chrome|Chromium|CriOS)\//.test(agent)
        ? 'Chrome'
        : /Safari\//.test(agent)
          ? 'Safari'
          : null
  const system = /iPad/.test(agent)
    ? 'iPad'
    : /iPhone/.test(agent)
      ? 'iPhone'
      : /Android/.test(agent)
        ? 'Android'
        : /Windows/.test(agent)
          ? 'Windows'
          : /Mac OS X/.test(agent)
            ? 'Mac'
            : /Linux/.test(agent)
              ? 'Linux'
              : null
  return browser && system ? { browser, system } : null
}
