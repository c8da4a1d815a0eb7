/** What one `NOTIFY` transaction says: messages in order, or none, which only proves that notices arrive. */
export interface NoticeBatch {
  sender: string
  /** counts the sender’s batches from 1 */
  number: number
  messages: BusMessage[]
}

export type BusMessage = readonly [channel: string, message: string]

/** PostgreSQL takes payloads below 8000 bytes. */
const PART_BYTES = 7900

/** The channel of one database and schema. */
export const noticeChannel = (prefix: string) => `${prefix}bus`

/** Parameters: the channel, and the payloads of one batch. */
export const NOTIFY = 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload'

/**
 * Encodes a batch as payloads, which must be sent in one transaction. Pure ASCII, so that characters are bytes. No two are
 * equal: PostgreSQL drops repeated payloads of a transaction.
 */
export function encodeNotices({ sender, number, messages }: NoticeBatch): string[] {
  const text = JSON.stringify(messages).replace(/[\u0080-\uffff]/g, escapeCharacter)
  const count = Math.ceil(text.length / PART_BYTES)
  return Array.from({ length: count }, (_, i) => {
    const part = text.slice(i * PART_BYTES, (i + 1) * PART_BYTES)
    return `${sender} ${number} ${count - 1 - i} ${part}`
  })
}

const escapeCharacter = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Reads the payloads of one channel in the order of their arrival, in which those of a transaction are adjacent. */
export class NoticeReader {
  private partial = { key: '', text: '' }

  /** The batch that this payload completes; null for an earlier part, and for what is malformed. */
  read(payload: string): NoticeBatch | null {
    const [, sender, number, left, part] = /^(\S+) (\d+) (\d+) (.*)$/.exec(payload) ?? []
    if (!sender || part === undefined) return null
    const key = `${sender} ${number}`
    const text = this.partial.key === key ? this.partial.text + part : part
    this.partial = left === '0' ? { key: '', text: '' } : { key, text }
    if (left !== '0') return null
    const messages = parseMessages(text)
    return messages && { sender, number: Number(number), messages }
  }

  /** Forgets an incomplete batch: the rest was lost with the connection. */
  reset(): void {
    this.partial = { key: '', text: '' }
  }
}

function parseMessages(text: string): BusMessage[] | null {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(isMessage) ? value : null
  } catch {
    return null
  }
}

const isMessage = (value: unknown): value is BusMessage =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
