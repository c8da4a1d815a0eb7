import { toAsciiDigits } from '../../src/protocol/typed-text.js'

// Amounts that people type.

const PLAIN = /^\d{1,9}(?:\.\d{1,2})?$/
/** 1,234 and 1,23,456; "120,50" is no amount: here the comma groups. */
const GROUPED = /^\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,2})?$/

/** Rupees as typed ("₹1,250.50") in paise; null: not an amount. */
export function readAmount(typed: string): number | null {
  const text = toAsciiDigits(typed)
    .replace(/[\s\p{Cf}₹]/gu, '')
    // the Arabic separators
    .replaceAll('٫', '.')
    .replaceAll('٬', ',')
  if (!PLAIN.test(text) && !GROUPED.test(text)) return null
  const [rupees = '', decimals = ''] = text.replaceAll(',', '').split('.')
  return Number(rupees) * 100 + Number(decimals.padEnd(2, '0'))
}

/** Paise as a person would type them: "120" or "120.50". */
export const writeAmount = (paise: number): string =>
  paise % 100 === 0 ? String(paise / 100) : (paise / 100).toFixed(2)
