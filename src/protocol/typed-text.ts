// What people type and paste, read alike by the service and on the pages.

/** Invisible characters: direction marks, joiners, the byte order mark. */
const INVISIBLE = /\p{Cf}/gu
/** What people write between the digits of a phone number, the minus sign included. */
const PHONE_SEPARATORS = /[\s\p{Pd}\u2212()[\]./·]/gu
const PHONE = /^\+?\d{5,20}$/

/** Without blanks at either end, and without direction marks: keyboards add the ones, copying brings the others. */
export function trimBlanks(text: string): string {
  return text.replace(/\p{Bidi_Control}/gu, '').replace(/^[\s\p{Z}\p{Cf}]+|[\s\p{Z}\p{Cf}]+$/gu, '')
}

/** Decimal digits of every script as 0 to 9. Compatibility forms (full-width, superscript) become plain ones (NFKC). */
export function toAsciiDigits(text: string): string {
  const isDigit = (code: number): boolean => /\p{Nd}/u.test(String.fromCodePoint(code))
  return text.normalize('NFKC').replace(/[^\P{Nd}0-9]/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    // Unicode encodes the digits of each script in one ascending row of ten, and adjacent rows without a gap.
    let first = code
    while (isDigit(first - 1)) first -= 1
    return String((code - first) % 10)
  })
}

/** A phone number as 5 to 20 digits, with a leading + if it has one; null if the text is none. */
export function readPhone(text: string): string | null {
  const plain = toAsciiDigits(text).replace(INVISIBLE, '').replace(PHONE_SEPARATORS, '')
  return PHONE.test(plain) ? plain : null
}
