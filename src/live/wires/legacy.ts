import { textFrame } from '../frames.js'
import type { Wire } from './wire.js'

/**
 * What the theatres' existing pages read. The domain stores each event's frame beside it (its spellings are facts
 * of the domain); here it is only framed. It has no positions: bounded by bytes waiting, never replayed.
 */
export const legacyWire: Wire = {
  name: 'legacy',
  resumes: false,
  encode: ({ legacy }) => (legacy === null ? null : textFrame(legacy)),
}
