export type Problems = string[]

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

export const isText = (value: unknown): value is string => typeof value === 'string'

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const plain = (key: string) => key.replaceAll('_', '').toLowerCase()

/**
 * Reads one object of a file that a person wrote. What is wrong is noted, with the place where it stands, and reading
 * goes on with a harmless value, so that one run shows everything that is to be mended.
 */
export class ObjectReader {
  private constructor(
    private readonly fields: Record<string, unknown>,
    private readonly path: string,
    private readonly problems: Problems,
  ) {}

  /**
   * The object at `path`; null, and noted, when it is none. Keys that are not known are noted: they are typing errors.
   * `time_zone` and `timeZone` are the same key.
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
      const key = keys.find((known) => plain(known) === plain(given))
      if (key === undefined) reader.problem(given, `is not known; known are ${keys.join(', ')}`)
      else if (Object.hasOwn(fields, key)) reader.problem(given, 'is there twice')
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

  /** Trimmed text of 1 (or 0) to `max` characters. */
  text(key: string, max: number, { empty = false } = {}): string {
    const value = this.fields[key]
    const text = isText(value) ? value.trim() : null
    const length = text === null ? -1 : [...text].length
    if (text === null || length > max || (length === 0 && !empty) || CONTROL.test(text)) {
      this.problem(key, `must be text of ${empty ? 0 : 1} to ${max} characters on one line`)
      return ''
    }
    return text
  }

  /** A whole number within the bounds, both included. */
  integer(key: string, min: number, max: number, unit = ''): number {
    const value = this.fields[key]
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    this.problem(key, `must be a whole number from ${min} to ${max}${unit && `, in ${unit}`}`)
    return 0
  }

  /** true or false; null when it is left out. */
  flag(key: string): boolean | null {
    const value = this.fields[key]
    if (value === undefined || typeof value === 'boolean') return value ?? null
    this.problem(key, 'must be true or false')
    return null
  }

  /** A list of at most `max` entries; those that `read` refuses are left out. */
  list<T>(key: string, max: number, read: (entry: unknown, path: string) => T | null): T[] {
    const value = this.fields[key]
    if (!Array.isArray(value) || value.length > max) {
      this.problem(key, `must be a list of at most ${max}`)
      return []
    }
    const entries: unknown[] = value
    return entries
      .map((entry, index) => read(entry, `${this.at(key)}[${index}]`))
      .filter((entry) => entry !== null)
  }

  /** Notes entries that share what must be their own; case counts as in the database. */
  unique<T>(key: string, entries: readonly T[], of: (entry: T) => string, what: string): void {
    const seen = new Set<string>()
    for (const entry of entries) {
      const value = of(entry)
      if (value === '') continue
      if (seen.has(value)) this.problem(key, `has two entries of the ${what} "${value}"`)
      seen.add(value)
    }
  }

  private at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`
  }
}
