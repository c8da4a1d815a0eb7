import type { Decoder } from './decode.js'

// Storage may be full, forbidden (private windows) or hold what an older page wrote: it is a convenience, never
// the truth, so each failure reads as "nothing there".

export function recall<T>(key: string, decode: Decoder<T>): T | null {
  try {
    const stored = localStorage.getItem(`houselights.${key}`)
    return stored === null ? null : decode(JSON.parse(stored))
  } catch {
    return null
  }
}

export function remember(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(`houselights.${key}`)
    else localStorage.setItem(`houselights.${key}`, JSON.stringify(value))
  } catch {
    // see above
  }
}
