import { MAX_ID } from '../protocol/groups.js'
import { UsageError } from './command.js'

/** Reads a theatre's number from the command line. */
export function readTheatreId(text: string): number {
  const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > MAX_ID)
    throw new UsageError(`Invalid option: --theatre must be a theatre's number, not ${JSON.stringify(text)}.`)
  return id
}

/** Text from elsewhere, for a terminal, which obeys control characters. Letters of any script stay. */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Z}]/gu, (sign) => (sign === ' ' ? sign : '?'))
