import { createHash } from 'node:crypto'

/** Long enough for every honest value, too short to fill a disk. */
const SHOWN = 200

/** A client's text as a log line may hold it: no line break, no escape sequence, no end. */
export function shown(text: string | undefined): string | undefined {
  return text?.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, '?')
}

/**
 * An Origin as a log line may hold it: scheme, host and port, which is all that browsers write. What else somebody put
 * there, a user with a password or a query with a key, is left out.
 */
export function shownOrigin(origin: string | undefined): string | undefined {
  if (origin === undefined || origin === '' || origin === 'null') return origin
  const [own] = (!origin.includes('@') && /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s,;]*/i.exec(origin)) || []
  return own === undefined ? 'malformed' : shown(own)
}

/** The same session is the same word in every line, and the word opens and ends nothing. */
export function hashed(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}

/** Says how often a thing that happens in floods is to be told: at most once in `everyMs`. */
export class Seldom {
  private untold = 0
  private nextAt = 0

  constructor(private readonly everyMs: number) {}

  /** It happened: the number of times that went untold before this one, when it is to be told; else null. */
  happened(now = performance.now()): number | null {
    if (now < this.nextAt) {
      this.untold++
      return null
    }
    const { untold } = this
    this.untold = 0
    this.nextAt = now + this.everyMs
    return untold
  }
}
