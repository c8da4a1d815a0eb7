/** A setting that the service can't start with. The message is one line: the variable, what is wrong, what is allowed. */
export class ConfigError extends Error {
  constructor(
    readonly variable: string,
    problem: string,
  ) {
    super(`${variable} ${problem}`.replace(/\s+/g, ' '))
    this.name = 'ConfigError'
  }
}

/** A value for an error line: short, on one line, whatever it holds. Never for secrets. */
export function quote(value: string): string {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029]/g, '?')
}

export interface Reader {
  /** The text, or null when the variable is unset or empty. */
  text(name: string): string | null
  /** A whole number in decimal digits, within the bounds, both included. */
  integer(name: string, bounds: { default: number; min: number; max: number }): number
  /** `true`, `false`, `1` or `0`. */
  flag(name: string, fallback: boolean): boolean
  /** One of the words, exactly as written. */
  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T
  /** The entries of a comma list, trimmed, without empty ones. */
  list(name: string): string[]
}

/**
 * Reads variables with the checks that they share. An empty variable counts as unset: that is what `NAME=` in an
 * env file and `${NAME:-}` in a compose file mean, and every default here is the safe one.
 */
export function createReader(env: NodeJS.ProcessEnv): Reader {
  const text = (name: string) => env[name] || null
  return {
    text,
    integer(name, bounds) {
      const raw = text(name)
      if (raw === null) return bounds.default
      const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN
      if (value >= bounds.min && value <= bounds.max) return value
      throw new ConfigError(
        name,
        `is ${quote(raw)}: allowed is an integer from ${bounds.min} to ${bounds.max}.`,
      )
    },
    flag(name, fallback) {
      const raw = text(name)
      if (raw === null) return fallback
      if (raw === 'true' || raw === '1') return true
      if (raw === 'false' || raw === '0') return false
      throw new ConfigError(name, `is ${quote(raw)}: allowed are true, false, 1 and 0.`)
    },
    oneOf(name, words, fallback) {
      const raw = text(name)
      if (raw === null) return fallback
      const word = words.find((candidate) => candidate === raw)
      if (word !== undefined) return word
      throw new ConfigError(name, `is ${quote(raw)}: allowed are ${words.join(', ')}.`)
    },
    list(name) {
      return (text(name) ?? '')
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
    },
  }
}
