import { createHash } from 'node:crypto'

/** Long enough for every honest value, too short to fill a disk. */
const SHOWN = 200

/** A client's text as a log line may hold it: no line break, no escape sequence, no end. */
export function shown(text: string | undefined): string | undefined {
  return text?.slice(0, SHOWN).replace(/[^\x20-\x7e]/g, '?')
}

/** The same session is the same word in every line, and the word opens and ends nothing. */
export function hashed(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}
