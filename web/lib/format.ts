/** Amounts and times as people of a locale write them. Pure: the page's locale is given once, by i18n.ts. */
export interface Formats {
  /** paise -> "₹250" or "₹250.50" */
  money(paise: number): string
  number(value: number): string
  /** the time of day */
  time(iso: string | number, timeZone?: string): string
  dateTime(iso: string): string
  /** "3 minutes ago" */
  ago(iso: string, now: number): string
  list(entries: readonly string[]): string
  plural(count: number, one: string, other: string): string
}

export function createFormats(locale: string): Formats {
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
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const list = new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' })
  const rules = new Intl.PluralRules(locale)
  return {
    money: (paise) => (paise % 100 === 0 ? whole : exact).format(paise / 100),
    number: (value) => number.format(value),
    time: (at, timeZone) =>
      new Intl.DateTimeFormat(locale, { timeStyle: 'short', ...(timeZone ? { timeZone } : {}) }).format(
        new Date(at),
      ),
    dateTime: (iso) => dateTime.format(new Date(iso)),
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

/** A running age: "4:07", from an hour on "1:02:33". Never negative, whatever the clocks say. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/**
 * What someone else typed, made harmless to show as text: no control characters (but line breaks), and none of
 * the marks that turn the direction of the text around them (U+202A-E, U+2066-9, U+200E-F, U+061C).
 */
export function plainText(typed: string): string {
  return typed.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, '')
}

/** Seats are called E7, but a theatre may say "Recliner W12": what is set in the biggest letters then takes smaller ones. */
export function isLong(seat: string): boolean {
  return seat.length > 4
}

/** "Screen 1" and "E7" sort as people count: A2 before A10. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true })
}

/** A signed-in device in words, as far as its user agent tells; null when it does not. */
export function readUserAgent(agent: string | null): { browser: string; system: string } | null {
  if (!agent) return null
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
