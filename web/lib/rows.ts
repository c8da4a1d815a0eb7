import { toAsciiDigits, trimBlanks } from '../../src/protocol/typed-text.js'

const RANGE = /^(\p{Lu})\p{Pd}(\p{Lu})$/u

/** The rows that a manager types: "A–E" or "A, B, F"; null: none, or too many. */
export function readRows(typed: string): string[] | null {
  const rows = typed
    .split(/[,;،\n]/)
    .map((part) => trimBlanks(part).replace(/\s*(\p{Pd})\s*/u, '$1'))
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [, first, last] = RANGE.exec(part.toUpperCase()) ?? []
      if (!first || !last) return [part]
      const [from = 0, to = 0] = [first.codePointAt(0), last.codePointAt(0)]
      return to < from
        ? []
        : Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at))
    })
  return rows.length > 0 && rows.length <= 100 && new Set(rows).size === rows.length ? rows : null
}

/** A whole number of at least `least`, in digits of any script; null: none. */
export function readCount(typed: string, least = 1): number | null {
  const text = toAsciiDigits(trimBlanks(typed))
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) >= least ? Number(text) : null
}
