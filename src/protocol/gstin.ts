import { toAsciiDigits } from './typed-text.js'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** state, PAN, registration of the PAN in the state, Z, check digit */
const FORM = /^(?:0[1-9]|[1-3]\d|9[79])[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/

/** A GSTIN as typed, in capitals and without blanks; null if it is none, or its check digit is wrong. */
export function readGstin(text: string): string | null {
  const gstin = toAsciiDigits(text)
    .replace(/[\s\p{Cf}\p{Pd}]/gu, '')
    .toUpperCase()
  return FORM.test(gstin) && gstin[14] === checkDigitOf(gstin) ? gstin : null
}

/** The last character: a weighted sum of the others, modulo 36. */
function checkDigitOf(gstin: string): string | undefined {
  let sum = 0
  for (let at = 0; at < 14; at += 1) {
    const product = DIGITS.indexOf(gstin[at] ?? '') * (at % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 36) + (product % 36)
  }
  return DIGITS[(36 - (sum % 36)) % 36]
}
