import { invalid } from '../errors.js'
import { MAX_TEXT } from '../protocol/subprotocol.js'

// Control characters other than tab and line feed, bidirectional formatting characters, which can disguise the text
// around them (Unicode TR 9, 2.7), and invisible characters. Joiners stay: scripts and emoji need them.
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches the characters to remove
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** Whether PostgreSQL can store it: not with NUL or lone surrogates. */
export function isText(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

/**
 * Normalizes a message for storage: line breaks become line feeds; control and bidirectional characters are removed.
 * Clients show it as plain text, never as markup. Throws `validation_failed` for a blank message, for one of more than
 * 2,000 characters (code points), and for NUL and lone surrogates.
 */
export function cleanText(text: string): string {
  // the cheap check first: a code point is at most two UTF-16 units
  if (text.length > 2 * MAX_TEXT || [...text].length > MAX_TEXT) {
    throw invalid('text', `must be at most ${MAX_TEXT} characters`)
  }
  if (!isText(text)) throw invalid('text', 'contains an invalid character')
  const clean = text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(HARMFUL, '')
  if (!/[^\s\u200b-\u200d]/.test(clean)) throw invalid('text', 'must not be blank')
  return clean
}

/** Checks a client's id for a message. Throws `validation_failed`. */
export function checkClientId(clientId: string): string {
  if (!/^[\x20-\x7e]{1,64}$/.test(clientId)) throw invalid('clientId', 'must be 1 to 64 ASCII characters')
  return clientId
}
