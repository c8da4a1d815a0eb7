const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h12',
  })
  formats.set(timeZone, format)
  return format
}

/** `DD-Mon-YYYY` and `hh:mm AM` in a theatre's time zone, `gap` between them; locales spell months differently. */
export function formatLegacyTime(at: Date, timeZone: string, gap: '|' | ' '): string {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  const month = MONTHS[Number(part('month')) - 1] ?? ''
  const day = `${part('day')}-${month}-${part('year')}`
  return `${day}${gap}${part('hour')}:${part('minute')} ${part('dayPeriod').toUpperCase()}`
}
