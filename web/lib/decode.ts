/**
 * What comes over the network is `unknown` until it was looked at. A decoder answers with the typed value or
 * throws a ShapeError that names the place; members that we do not know are left out.
 */
export type Decoder<T> = (value: unknown, path?: string) => T

export class ShapeError extends Error {
  constructor(path: string, wanted: string) {
    super(`${path || 'value'} is not ${wanted}`)
    this.name = 'ShapeError'
  }
}

export const text: Decoder<string> = (value, path = '') => {
  if (typeof value !== 'string') throw new ShapeError(path, 'a string')
  return value
}

export const number: Decoder<number> = (value, path = '') => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(path, 'a number')
  return value
}

export const flag: Decoder<boolean> = (value, path = '') => {
  if (typeof value !== 'boolean') throw new ShapeError(path, 'true or false')
  return value
}

export const anything: Decoder<unknown> = (value) => value

export function orNull<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null || value === undefined ? null : decode(value, path))
}

export function list<T>(decode: Decoder<T>): Decoder<T[]> {
  return (value, path = '') => {
    if (!Array.isArray(value)) throw new ShapeError(path, 'a list')
    return value.map((entry: unknown, index) => decode(entry, `${path}[${index}]`))
  }
}

export function oneOf<const T extends string>(...allowed: T[]): Decoder<T> {
  return (value, path = '') => {
    const found = allowed.find((entry) => entry === value)
    if (found === undefined) throw new ShapeError(path, `one of ${allowed.join(', ')}`)
    return found
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function dictionary<T>(decode: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path = '') => {
    if (!isRecord(value)) throw new ShapeError(path, 'an object')
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, decode(entry, `${path}.${key}`)]),
    )
  }
}

export function object<T extends object>(shape: { [K in keyof T]-?: Decoder<T[K]> }): Decoder<T> {
  return (value, path = '') => {
    if (!isRecord(value)) throw new ShapeError(path, 'an object')
    const made: Partial<T> = {}
    for (const key in shape) made[key] = shape[key](value[key], path ? `${path}.${key}` : key)
    // The checked border: every member of T went through its decoder above.
    return made as T
  }
}
