import type { StoredEvent } from '../../events/event-log.js'
import type { GroupName } from '../../protocol/groups.js'
import type { EventName } from '../../protocol/views.js'

/** The bus channel on which access changes are announced. Not a valid group name, so it never collides. */
export const ACCESS_CHANNEL = 'access'

/** The bus channel of the ids of theatres whose menu, settings, halls or staff have changed. */
export const THEATRES_CHANNEL = 'theatres'

/** The messages of one commit's events: one for each group, as each message costs a command. */
export function messagesOf(
  events: readonly StoredEvent[],
  carriesEvents: boolean,
): [group: GroupName, message: string][] {
  return [...new Set(events.map(({ group }) => group))].flatMap((group): [GroupName, string][] => {
    const own = events.filter((event) => event.group === group)
    if (carriesEvents) return [[group, encodeEvents(own)]]
    return [...encodeTrace(own), encodePosition(own)].map((message) => [group, message])
  })
}

/**
 * Encodes the events of one commit in one group, each as a header line and its data, which is JSON text without line breaks and
 * needs no second encoding.
 */
export function encodeEvents(events: readonly StoredEvent[]): string {
  return events
    .map(({ seq, epoch, name, at, data, trace }) => {
      const head = `${seq} ${epoch} ${name} ${at}`
      // a node that does not trace ignores what follows the time
      return `${trace === undefined ? head : `${head} ${trace}`}\n${data}`
    })
    .join('\n')
}

/** Precedes the position of a traced commit, in a message that a node which does not trace ignores. */
function encodeTrace(events: readonly StoredEvent[]): string[] {
  const last = events.at(-1)
  return last?.trace === undefined ? [] : [`trace ${last.seq} ${last.trace}`]
}

/** The event, and the span that published it, of an `encodeTrace` message; null for anything else. */
export function decodeTrace(message: string): { seq: number; trace: string } | null {
  const [, seq, trace] = /^trace (\d{1,15}) (\S{1,100})$/.exec(message) ?? []
  return seq === undefined || trace === undefined ? null : { seq: Number(seq), trace }
}

/** What a bus that carries no events sends instead: receivers read the log up to this position. */
function encodePosition(events: readonly StoredEvent[]): string {
  return String(Math.max(...events.map(({ seq }) => seq)))
}

/** The seq of an `encodePosition` message; null for anything else. */
export function decodePosition(message: string): number | null {
  const seq = /^\d+$/.test(message) ? Number(message) : Number.NaN
  return Number.isSafeInteger(seq) ? seq : null
}

/** Without those that are malformed: they are read from the log then. */
export function decodeEvents(group: GroupName, message: string): StoredEvent[] {
  const lines = message.split('\n')
  const events: StoredEvent[] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const event = decodeEvent(group, lines[i], lines[i + 1])
    if (event) events.push(event)
  }
  return events
}

function decodeEvent(
  group: GroupName,
  head: string | undefined,
  data: string | undefined,
): StoredEvent | null {
  const [seq, epoch, name, at, trace] = head?.split(' ') ?? []
  if (!seq || !epoch || !name || !at || !data) return null
  const event: StoredEvent = {
    group,
    seq: Number(seq),
    epoch: Number(epoch),
    name: name as EventName,
    at,
    data,
  }
  if (trace !== undefined) event.trace = trace
  return Number.isSafeInteger(event.seq) && Number.isSafeInteger(event.epoch) ? event : null
}
