import { readGroup } from '../../src/protocol/groups.js'
import type { OwnPostgres } from './chaos-postgres.js'
import type { Received } from './chaos-record.js'

/** Who might hear what at each epoch, as the database knows it. */
export interface Rights {
  /** the last epoch */
  last: number
  /**
   * May this socket be told, at this moment (ms since 1970), of something of this group that is of this epoch? Not once
   * its session has ended; not while its user is not of the theatre, unless that had changed again by then.
   */
  may(socket: Received, group: string, epoch: number, at: number): boolean
  /** Did its user have a right to the group at any time? */
  mayEver(socket: Received, group: string): boolean
}

interface Span {
  from: number
  /** the epoch at which it ended */
  until: number
  /** ms since 1970, of the beginning of the transaction that gave it */
  since: number
}

export async function readRights(postgres: OwnPostgres): Promise<Rights> {
  const changes = await postgres.query<{ epoch: number; session_id: string | null; xid: string; at: Date }>(
    'SELECT epoch::int AS epoch, session_id::text AS session_id, xmin::text AS xid, at FROM access_changes ORDER BY epoch',
  )
  const notes = await postgres.query<{ xid: string; user_id: number; theatre_id: number; gained: boolean }>(
    'SELECT xid, user_id, theatre_id, gained FROM chaos_rights ORDER BY id',
  )
  const orders = await postgres.query<{ id: number; customer_id: number }>(
    'SELECT id, customer_id FROM orders',
  )
  const ends = new Map<string, number>()
  const commits = new Map<string, { epoch: number; at: number }>()
  for (const { epoch, session_id, xid, at } of changes) {
    if (session_id !== null) ends.set(session_id, epoch)
    commits.set(xid, { epoch, at: at.getTime() })
  }
  const spans = new Map<string, Span[]>()
  for (const { xid, user_id, theatre_id, gained } of notes) {
    const { epoch, at } = commits.get(xid) ?? { epoch: 0, at: 0 }
    const key = `${user_id} ${theatre_id}`
    const list = spans.get(key) ?? []
    spans.set(key, list)
    if (gained) list.push({ from: epoch, until: Number.POSITIVE_INFINITY, since: at })
    else {
      const open = list.at(-1)
      if (open) open.until = epoch
    }
  }
  const owners = new Map(orders.map(({ id, customer_id }) => [id, customer_id]))

  const spansOf = (socket: Received, group: string): Span[] => {
    const parts = readGroup(group)
    if (!parts) return []
    if (parts.kind !== 'order') {
      return socket.orderId === null ? (spans.get(`${socket.userId} ${parts.theatreId}`) ?? []) : []
    }
    const isTheirs = owners.get(parts.orderId) === socket.userId && socket.orderId === parts.orderId
    return isTheirs ? [{ from: 0, until: Number.POSITIVE_INFINITY, since: 0 }] : []
  }
  return {
    last: changes.at(-1)?.epoch ?? 0,
    may(socket, group, epoch, at) {
      if (epoch >= (ends.get(socket.sessionId) ?? Number.POSITIVE_INFINITY)) return false
      return spansOf(socket, group).some(({ until, since }) => epoch < until && at >= since)
    },
    mayEver: (socket, group) => spansOf(socket, group).length > 0,
  }
}
