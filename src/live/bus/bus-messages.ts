import type { StoredEvent } from '../../events/event-log.js'
import type { GroupName } from '../../protocol/groups.js'
import type { EventName } from '../../protocol/views.js'

/** The bus channel on which access changes are announced. Not a valid group name, so it never collides. */
export const ACCESS_CHANNEL = 'access'

/** The bus channel of the ids of theatres whose menu, settings, halls or staff have changed. */
export const THEATRES_CHANNEL = 'theatres'

/** Encodes an event as a header line and its data, which is JSON text without line breaks and needs no second encoding. */
export function encodeEvent({ seq, epoch, name, at, data }: StoredEvent): string {
  return `${seq} ${epoch} ${name} ${at}\n${data}`
}

/** What a bus that carries no events sends instead: receivers read the log up to this position. */
export function encodePosition({ seq }: StoredEvent): string {
  return String(seq)
}

/** The seq of an `encodePosition` message; null for anything else. */
export function decodePosition(message: string): number | null {
  const seq = /^\d+$/.test(message) ? Number(message) : Number.NaN
  return Number.isSafeInteger(seq) ? seq : null
}

/** Null for a malformed message: the event is read from the log then. */
export function decodeEvent(group: GroupName, message: string): StoredEvent | null {
  const [head, data] = message.split('\n')
  const [seq, epoch, name, at] = head?.split(' ') ?? []
  if (!seq || !epoch || !name || !at || !data) return null
  const event = {
    group,
    seq: Number(seq),
    epoch: Number(epoch),
    name: name as EventName,
    at,
    data,
  }
  return Number.isSafeInteger(event.seq) && Number.isSafeInteger(event.epoch) ? event : null
}
