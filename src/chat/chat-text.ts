import { invalid } from '../errors.js'
import { MAX_TEXT } from '../protocol/subprotocol.js'
import { isStorable, plainLines } from '../protocol/typed-text.js'

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
  if (!isStorable(text)) throw invalid('text', 'contains an invalid character')
  const clean = plainLines(text)
  if (!/[^\s\u200b-\u200d]/.test(clean)) throw invalid('text', 'must not be blank')
  return clean
}

/** Checks a client's id for a message. Throws `validation_failed`. */
export function checkClientId(clientId: string): string {
  if (!/^[\x20-\x7e]{1,64}$/.test(clientId)) throw invalid('clientId', 'must be 1 to 64 ASCII characters')
  return clientId
}
