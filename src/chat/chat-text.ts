import { invalid } from '../errors.js'
import { MAX_TEXT } from '../protocol/subprotocol.js'

// Controls but tab and line feed; the marks that turn the direction of the text around them (Unicode TR 9, 2.7);
// the separators and invisible fillers that hide what follows. Joiners stay: scripts and emoji need them.
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** Can PostgreSQL store it? NUL and lone surrogates are no text. */
export function isText(value: string): boolean {
  return !value.includes('\0') && !/\p{Surrogate}/u.test(value)
}

/**
 * A message as it is stored: line ends are line feeds, control and bidirectional marks are gone. Nothing in it is
 * ever read as markup. Throws `validation_failed` for what is blank, longer than 2,000 characters (code points), or
 * no text at all (NUL, lone surrogates).
 */
export function cleanText(text: string): string {
  // the cheap bound first: a code point is at most two units
  if (text.length > 2 * MAX_TEXT || [...text].length > MAX_TEXT) {
    throw invalid('text', `must be at most ${MAX_TEXT} characters`)
  }
  if (!isText(text)) throw invalid('text', 'must be text')
  const clean = text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(HARMFUL, '')
  if (!/[^\s\u200b-\u200d]/.test(clean)) throw invalid('text', 'must say something')
  return clean
}

/** The client's own name for a message: what is repeated under it is stored once. Throws `validation_failed`. */
export function checkClientId(clientId: string): string {
  if (!/^[\x20-\x7e]{1,64}$/.test(clientId)) throw invalid('clientId', 'must be 1 to 64 ASCII characters')
  return clientId
}
