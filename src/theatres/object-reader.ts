import { hasControls, isStorable, trimBlanks } from '../protocol/typed-text.js'

export type Problems = string[]

export const isText = (value: unknown): value is string => typeof value === 'string'

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const foldKey = (key: string) => key.replaceAll('_', '').toLowerCase()

/**
 * Reads one object of a hand-written file. Records each problem with its path and continues with a harmless value, so
 * that one run reports everything there is to fix.
 */
export class ObjectReader {
  private constructor(
    private readonly fields: Record<string, unknown>,
    private readonly path: string,
    private readonly problems: Problems,
  ) {}

  /**
   * Opens the object at `path`; records a problem and returns null if it is not an object. Unknown keys are problems
   * too: they are usually typos. `time_zone` and `timeZone` are the same key.
   */
  static open(
    value: unknown,
    path: string,
    keys: readonly string[],
    problems: Problems,
    expected = 'an object',
  ): ObjectReader | null {
    if (!isObject(value)) {
      problems.push(`${path || 'the file'} must be ${expected}`)
      return null
    }
    const fields: Record<string, unknown> = {}
    const reader = new ObjectReader(fields, path, problems)
    for (const [given, entry] of Object.entries(value)) {
      const key = keys.find((known) => foldKey(known) === foldKey(given))
      if (key === undefined) reader.problem(given, `is unknown; allowed are ${keys.join(', ')}`)
      else if (Object.hasOwn(fields, key)) reader.problem(given, 'is given twice')
      else fields[key] = entry
    }
    return reader
  }

  has(key: string): boolean {
    return this.fields[key] !== undefined
  }

  problem(key: string, rule: string): void {
    this.problems.push(`${this.at(key)} ${rule}`)
  }

  /** Trimmed text of 1 to `max` characters; with `empty`, of 0 to `max`. */
  text(key: string, max: number, { empty = false } = {}): string {
    const value = this.fields[key]
    const text = isText(value) ? trimBlanks(value) : null
    const length = text === null ? -1 : [...text].length
    if (text === null || length > max || (length === 0 && !empty) || hasControls(text) || !isStorable(text)) {
      this.problem(key, `must be ${empty ? 0 : 1} to ${max} characters of text on one line`)
      return ''
    }
    return text
  }

  /** A whole number within the inclusive bounds. */
  integer(key: string, min: number, max: number, unit = ''): number {
    const value = this.fields[key]
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    this.problem(key, `must be a whole number from ${min} to ${max}${unit && `, in ${unit}`}`)
    return 0
  }

  /** true or false; null if omitted. */
  flag(key: string): boolean | null {
    const value = this.fields[key]
    if (value === undefined || typeof value === 'boolean') return value ?? null
    this.problem(key, 'must be true or false')
    return null
  }

  /** A list of at most `max` entries, without those for which `read` returns null. */
  list<T>(key: string, max: number, read: (entry: unknown, path: string) => T | null): T[] {
    const value = this.fields[key]
    if (!Array.isArray(value) || value.length > max) {
      this.problem(key, `must be a list of at most ${max} entries`)
      return []
    }
    const entries: unknown[] = value
    return entries
      .map((entry, index) => read(entry, `${this.at(key)}[${index}]`))
      .filter((entry) => entry !== null)
  }

  /**
   * Records a problem for entries with the same value of `of`, which must be unique; case-sensitive, as the database.
   */
  unique<T>(key: string, entries: readonly T[], of: (entry: T) => string, what: string): void {
    const seen = new Set<string>()
    for (const entry of entries) {
      const value = of(entry)
      if (value === '') continue
      if (seen.has(value)) this.problem(key, `has two entries with the ${what} "${value}"`)
      seen.add(value)
    }
  }

  private at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`
  }
}
