import type { Variable } from './variables.js'

/** An invalid setting. The message is one line: the variable, the problem, the allowed values. */
export class ConfigError extends Error {
  constructor(
    readonly variable: Variable,
    problem: string,
  ) {
    super(`${variable} ${problem}`.replace(/\s+/g, ' '))
    this.name = 'ConfigError'
  }
}

/** A value for an error message: shortened, escaped to one line. Not for secrets. */
export function quote(value: string): string {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029]/g, '?')
}

export interface Reader {
  /** The text, or null when the variable is unset or empty. */
  text(name: Variable): string | null
  /** An integer in decimal digits, within the inclusive bounds. */
  integer(name: Variable, bounds: { default: number; min: number; max: number }): number
  /** A switch: `true` or `false`, `1` or `0`, `on` or `off`, in any case, so Django's `True` and `False` too. */
  flag(name: Variable, fallback: boolean): boolean
  /** One of the words, case-sensitive. */
  oneOf<T extends string>(name: Variable, words: readonly T[], fallback: T): T
  /** The entries of a comma-separated list, trimmed, without empty ones. */
  list(name: Variable): string[]
}

/**
 * Reads variables with the checks they share. An empty variable counts as unset: `NAME=` in an env file and
 * `${NAME:-}` in a compose file mean that, and every default is the safe one.
 */
export function createReader(env: NodeJS.ProcessEnv): Reader {
  const text = (name: Variable) => env[name] || null
  return {
    text,
    integer(name, bounds) {
      const raw = text(name)
      if (raw === null) return bounds.default
      const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN
      if (value >= bounds.min && value <= bounds.max) return value
      throw new ConfigError(name, `is ${quote(raw)}: must be an integer from ${bounds.min} to ${bounds.max}.`)
    },
    flag(name, fallback) {
      const raw = text(name)
      if (raw === null) return fallback
      const word = raw.toLowerCase()
      if (['true', '1', 'on'].includes(word)) return true
      if (['false', '0', 'off'].includes(word)) return false
      throw new ConfigError(name, `is ${quote(raw)}: must be true, false, 1, 0, on or off.`)
    },
    oneOf(name, words, fallback) {
      const raw = text(name)
      if (raw === null) return fallback
      const word = words.find((candidate) => candidate === raw)
      if (word !== undefined) return word
      throw new ConfigError(name, `is ${quote(raw)}: must be one of ${words.join(', ')}.`)
    },
    list(name) {
      return (text(name) ?? '')
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
    },
  }
}
