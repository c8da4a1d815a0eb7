import { textFrame } from '../frames.js'
import { type GroupName, readGroup } from '../groups.js'
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

const table = (inner: object) => textFrame(JSON.stringify({ updated_table_data: JSON.stringify(inner) }))

const theatreOf = (group: GroupName) => {
  const parts = readGroup(group)
  return parts?.kind === 'theatre-orders' ? parts.theatreId : 0
}

/** The theatres whose staff are there, for an admin's dashboard as it opens. */
export const encodeConnectedTheatres = (groups: readonly GroupName[]) =>
  table({
    msg_typ: 'all-connected-theatres',
    connected_theatres: groups.map(theatreOf).sort((a, b) => a - b),
  })

/** A theatre's first staff socket opened, or its last one closed. */
export const encodeTheatrePresence = (group: GroupName, online: boolean) =>
  table(
    online
      ? { msg_typ: 'connected_theatre', connected_theatre_id: theatreOf(group) }
      : { msg_typ: 'disconnected_theatre', disconnected_theatre_id: theatreOf(group) },
  )
