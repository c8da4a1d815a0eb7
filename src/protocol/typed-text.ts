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

// Control characters other than tab and line feed, bidirectional formatting characters, which can disguise the text
// around them (Unicode TR 9, 2.7), and invisible characters. Joiners stay: scripts and emoji need them.
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches the characters to remove
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** Whether PostgreSQL can store it: not with NUL or lone surrogates. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

/** Whether it has control characters; line breaks are some. */
export const hasControls = (text: string): boolean => /\p{Cc}/u.test(text)

/** With line feeds as line breaks, and without control and bidirectional characters. */
export function plainLines(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(HARMFUL, '')
}

/** characters (code points) of a customer's note */
export const MAX_NOTE = 200

/** A note as it is stored; null if it is blank. Undefined if it is too long, or nothing that can be stored. */
export function readNote(text: string): string | null | undefined {
  const note = trimBlanks(plainLines(text))
  if (!isStorable(note) || [...note].length > MAX_NOTE) return undefined
  return note === '' ? null : note
}
