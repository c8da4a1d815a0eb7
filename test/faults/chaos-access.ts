import { readGroup } from '../../src/protocol/groups.js'
import type { OwnPostgres } from './chaos-postgres.js'
import type { Received } from './chaos-record.js'

/** Who had access to which group at each epoch, from the database. */
export interface AccessHistory {
  /** the last epoch */
  last: number
  /**
   * Whether the socket may receive, at `at` (ms since 1970), something of this group and epoch: not if its session had
   * ended by the epoch, nor if its user had no access to the group, unless it was granted by then.
   */
  may(socket: Received, group: string, epoch: number, at: number): boolean
  /** Whether its user had access to the group at any time. */
  mayEver(socket: Received, group: string): boolean
}

interface Span {
  from: number
  /** the epoch at which it ended */
  until: number
  /** ms since 1970 of the start of the transaction that granted it */
  since: number
}

export async function readAccessHistory(postgres: OwnPostgres): Promise<AccessHistory> {
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
    const isOwn = owners.get(parts.orderId) === socket.userId && socket.orderId === parts.orderId
    return isOwn ? [{ from: 0, until: Number.POSITIVE_INFINITY, since: 0 }] : []
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
