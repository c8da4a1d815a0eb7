// Amounts that people type.

const ZEROS = [...'٠۰०০੦૦୦௦౦೦൦'].map((zero) => zero.charCodeAt(0))
const PLAIN = /^\d{1,9}(?:\.\d{1,2})?$/
/** 1,234 and 1,23,456; "120,50" is no amount: here the comma groups. */
const GROUPED = /^\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,2})?$/

function toLatinDigits(text: string): string {
  return text.normalize('NFKC').replace(/\p{Nd}/gu, (digit) => {
    const code = digit.charCodeAt(0)
    const zero = ZEROS.find((each) => code >= each && code < each + 10)
    return zero === undefined ? digit : String(code - zero)
  })
}

/** Rupees as typed ("₹1,250.50") in paise; null: not an amount. */
export function readAmount(typed: string): number | null {
  const text = toLatinDigits(typed).replace(/[\s\p{Bidi_Control}₹]/gu, '')
  if (!PLAIN.test(text) && !GROUPED.test(text)) return null
  const [rupees = '', decimals = ''] = text.replaceAll(',', '').split('.')
  return Number(rupees) * 100 + Number(decimals.padEnd(2, '0'))
}

/** Paise as a person would type them: "120" or "120.50". */
export const writeAmount = (paise: number): string =>
  paise % 100 === 0 ? String(paise / 100) : (paise / 100).toFixed(2)
