import { createHash } from 'node:crypto'

/** Long enough for every honest value, too short to fill a disk. */
const MAX_LENGTH = 200
const MAX_KINDS = 200

/** Makes a client's text safe to log: no line breaks or escape sequences, and truncated. */
export function printable(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_LENGTH).replace(/[^\x20-\x7e]/g, '?')
}

/**
 * Makes an Origin header safe to log: scheme, host and port, which is all that browsers send. Anything else, such as a
 * user with a password or a query with a key, is left out.
 */
export function printableOrigin(origin: string | undefined): string | undefined {
  if (origin === undefined || origin === '' || origin === 'null') return origin
  const [own] = (!origin.includes('@') && /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s,;]*/i.exec(origin)) || []
  return own === undefined ? 'malformed' : printable(own)
}

/** A pseudonym for an id: the same in every log line, and useless as a credential. */
export function pseudonym(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}

/** Decides which occurrences of a frequent event are logged: one per interval. */
export class LogThrottle {
  private suppressed = 0
  private nextAt = 0

  constructor(private readonly intervalMs: number) {}

  /** Records one occurrence; returns how many were suppressed before it, or null if it is suppressed too. */
  record(now = performance.now()): number | null {
    if (now < this.nextAt) {
      this.suppressed++
      return null
    }
    const { suppressed } = this
    this.suppressed = 0
    this.nextAt = now + this.intervalMs
    return suppressed
  }
}

/** One throttle for each kind of event. The kinds must be few: those beyond `MAX_KINDS` share a throttle. */
export class LogThrottles {
  private readonly byKind = new Map<string, LogThrottle>()

  constructor(private readonly intervalMs: number) {}

  /** As `LogThrottle.record`, among the events of this kind. */
  record(kind: string, now = performance.now()): number | null {
    const key = this.byKind.has(kind) || this.byKind.size < MAX_KINDS ? kind : ''
    const throttle = this.byKind.get(key) ?? new LogThrottle(this.intervalMs)
    this.byKind.set(key, throttle)
    return throttle.record(now)
  }
}
