import type { StoredEvent } from '../../events/event-log.js'
import type { GroupName } from '../../protocol/groups.js'
import type { EventName } from '../../protocol/views.js'

/** The channel on which changes of rights are announced. No group can have this name. */
export const ACCESS_CHANNEL = 'access'

/**
 * An event on its group's channel: two lines, as JSON text never holds a line break. So the data crosses the
 * bus without being encoded twice or parsed at all.
 */
export function encodeEvent({ seq, epoch, name, at, data }: StoredEvent): string {
  return `${seq} ${epoch} ${name} ${at}\n${data}`
}

/** Reads it again; null when it is none (the log will tell). */
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
