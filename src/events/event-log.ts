import { type Database, Prisma, type Transaction } from '../database/client.js'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { EventData, EventName } from '../protocol/views.js'

/** An event for one group, with its data as `houselights.v1` sends it. */
export type NewEvent = {
  [N in EventName]: { group: GroupName; name: N; data: EventData<N> }
}[EventName]

/** What may have ended a right: one session's, or all that one user has. */
export interface NewAccessChange {
  kind: 'session_ended' | 'user_changed'
  userId: number | null
  sessionId: string | null
}

/** An event as the log stores it. `data` is JSON text, encoded once, when the event was appended. */
export interface StoredEvent {
  group: GroupName
  /** rises by one from event to event of its group */
  seq: number
  name: EventName
  /** RFC 3339 UTC */
  at: string
  /** how many changes of rights precede it */
  epoch: number
  data: string
}

export interface Committed {
  events: StoredEvent[]
  /** the epoch as of the commit */
  epoch: number
}

interface AppendedRow {
  group_name: string | null
  seq: number | null
  at: Date
  epoch: bigint
}

/**
 * Numbers and stores events and changes of rights in the caller's transaction. Must be its last statement: it
 * takes the locks that keep each group's order, and only COMMIT may follow.
 */
export async function append(
  tx: Transaction,
  events: readonly NewEvent[],
  changes: readonly NewAccessChange[] = [],
): Promise<Committed> {
  const rows = await tx.$queryRaw<AppendedRow[]>`
    SELECT group_name, seq, at, epoch FROM houselights_append(${JSON.stringify(events)}::json, ${JSON.stringify(changes)}::json)`
  const first = rows[0]
  if (!first) throw new Error('the event log returned nothing')
  // rows come back in no promised order; a group's lowest seq is its first event
  const seqs = new Map<string, number[]>()
  for (const row of rows) {
    if (row.group_name === null || row.seq === null) continue
    const list = seqs.get(row.group_name)
    if (list) list.push(row.seq)
    else seqs.set(row.group_name, [row.seq])
  }
  for (const list of seqs.values()) list.sort((a, b) => b - a)
  const at = first.at.toISOString()
  const epoch = Number(first.epoch)
  const stored = events.map(({ group, name, data }) => {
    const seq = seqs.get(group)?.pop()
    if (seq === undefined) throw new Error('the event log lost an event')
    return { group, seq, name, at, epoch, data: JSON.stringify(data) }
  })
  return { events: stored, epoch }
}

interface EventRow {
  group_name: string
  seq: number
  name: string
  at: Date
  epoch: bigint
  data: string
}

function fromRow(row: EventRow): StoredEvent {
  const group = asGroup(row.group_name)
  if (!group) throw new Error('the event log holds a group that is none')
  return {
    group,
    seq: row.seq,
    name: row.name as EventName,
    at: row.at.toISOString(),
    epoch: Number(row.epoch),
    data: row.data,
  }
}

/** The events of a group after a cursor, in order, at most `limit`. They are gapless, or the log forgot some. */
export async function readAfter(
  db: Database,
  group: GroupName,
  after: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT group_name, seq, name, at, epoch, data::text AS data
    FROM live_events WHERE group_name = ${group} AND seq > ${after} ORDER BY seq LIMIT ${limit}`
  return rows.map(fromRow)
}

export interface LogHeads {
  /** the last seq of each group that has had an event */
  seqs: Map<string, number>
  epoch: number
}

/** Where the log stands, for all the groups asked for, in one query. */
export async function readHeads(db: Database | Transaction, groups: readonly string[]): Promise<LogHeads> {
  const rows = await db.$queryRaw<{ name: string | null; seq: number | null; epoch: bigint }[]>`
    SELECT g.name, g.seq, a.epoch FROM access_epoch a
    LEFT JOIN live_groups g ON g.name = ANY(${groups}::text[])`
  const seqs = new Map<string, number>()
  for (const row of rows) if (row.name !== null && row.seq !== null) seqs.set(row.name, row.seq)
  return { seqs, epoch: Number(rows[0]?.epoch ?? 0n) }
}

export interface AccessChange {
  epoch: number
  userId: number | null
  sessionId: string | null
}

export interface AccessChanges {
  /** one for each epoch, or the log forgot some */
  changes: AccessChange[]
  /** up to which they are whole */
  epoch: number
}

/** The changes of rights after an epoch, in one snapshot. */
export async function readAccessChanges(db: Database, after: number): Promise<AccessChanges> {
  const rows = await db.$queryRaw<
    { epoch: bigint; change: bigint | null; user_id: number | null; session_id: string | null }[]
  >`
    SELECT a.epoch, c.epoch AS change, c.user_id, c.session_id::text AS session_id FROM access_epoch a
    LEFT JOIN access_changes c ON c.epoch > ${after} AND c.epoch <= a.epoch ORDER BY c.epoch`
  const changes: AccessChange[] = []
  for (const row of rows) {
    if (row.change !== null) {
      changes.push({ epoch: Number(row.change), userId: row.user_id, sessionId: row.session_id })
    }
  }
  return { changes, epoch: Number(rows[0]?.epoch ?? 0n) }
}

/** The kinds of changes since an epoch that concern a session or its user, up to another epoch. */
export async function readChangesConcerning(
  tx: Transaction,
  { userId, sessionId, epoch }: { userId: number; sessionId: string; epoch: number },
  until: number,
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ kind: string }[]>`
    SELECT kind FROM access_changes WHERE epoch > ${epoch}::bigint AND epoch <= ${until}::bigint
      AND (session_id = ${sessionId}::uuid OR (session_id IS NULL AND user_id = ${userId}::int))`
  return rows.map(({ kind }) => kind)
}

/** What the engine asks of the log, of one database. */
export interface EventLog {
  readAfter(group: GroupName, after: number, limit: number): Promise<StoredEvent[]>
  readHeads(groups: readonly GroupName[]): Promise<LogHeads>
  readAccessChanges(after: number): Promise<AccessChanges>
}

export function createEventLog(db: Database): EventLog {
  return {
    readAfter: (group, after, limit) => readAfter(db, group, after, limit),
    readHeads: (groups) => readHeads(db, groups),
    readAccessChanges: (after) => readAccessChanges(db, after),
  }
}

/** Forgets events and changes of rights older than `hours`; deletes in batches, so that no lock is held long. */
export async function forgetOlderThan(db: Database, hours: number, batch = 5000): Promise<number> {
  let forgotten = 0
  for (;;) {
    const events = await db.$executeRaw`
      DELETE FROM live_events WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM live_events WHERE at < now() - make_interval(hours => ${hours}::int) LIMIT ${batch}))`
    forgotten += events
    if (events < batch) break
  }
  await db.$executeRaw(
    Prisma.sql`DELETE FROM access_changes WHERE at < now() - make_interval(hours => ${Math.max(hours, 1)}::int)`,
  )
  return forgotten
}
