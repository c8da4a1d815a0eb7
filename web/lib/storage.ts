// localStorage may be full, forbidden (private windows) or hold what an older page wrote. It is a convenience, so
// every failure reads as "nothing stored".

export function isString(value: unknown): value is string {
  return typeof value === 'string'
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

export function recall<T>(key: string, isValid: (value: unknown) => value is T): T | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(`houselights.${key}`) ?? 'null')
    return isValid(stored) ? stored : null
  } catch {
    return null
  }
}

/** `null` removes the entry. Whether it was stored: if not, what is stored is older than what the page has. */
export function remember(key: string, value: unknown): boolean {
  try {
    if (value === null) localStorage.removeItem(`houselights.${key}`)
    else localStorage.setItem(`houselights.${key}`, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
