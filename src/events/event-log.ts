import { type Database, Prisma, type Queryable } from '../database/client.js'
import { asGroup, type GroupName } from '../protocol/groups.js'
import type { EventData, EventName } from '../protocol/views.js'

/** An event of one group, before it is appended, with its data as `houselights.v1` sends it. */
export type NewEvent = {
  [N in EventName]: { group: GroupName; name: N; data: EventData<N> }
}[EventName]

/** A change that may revoke access: of one session, or of all sessions of a user. */
export interface NewAccessChange {
  kind: 'session_ended' | 'user_changed'
  userId: number | null
  sessionId: string | null
}

/** An event as stored in the log. */
export interface StoredEvent {
  group: GroupName
  /** gapless within the group, in commit order */
  seq: number
  name: EventName
  /** RFC 3339 UTC */
  at: string
  /** number of access changes committed before it */
  epoch: number
  /** JSON text, encoded once when appended */
  data: string
  /** names the span that published it, where that is traced */
  trace?: string
}

export interface Committed {
  events: StoredEvent[]
  /** access epoch as of the commit */
  epoch: number
}

interface AppendedRow {
  group_name: string | null
  seq: number | null
  at: Date
  epoch: bigint
}

/** The session on whose behalf an action runs, and the access epoch at which its permissions were read. */
export interface OnBehalf {
  userId: number
  sessionId: string
  epoch: number
}

/** SQLSTATEs with which `append` fails on behalf of a session that has ended, or whose permissions have changed. */
export const SESSION_ENDED = 'HL401'
export const RIGHTS_CHANGED = 'HL409'

/**
 * Numbers and stores events and access changes. Must be the transaction's last statement: it locks the counters of the
 * groups until the commit, which keeps each group gapless and in commit order. With `onBehalf` it fails when the session's
 * permissions have ended or changed since they were read.
 */
export async function append(
  tx: Queryable,
  events: readonly NewEvent[],
  changes: readonly NewAccessChange[] = [],
  onBehalf?: OnBehalf,
): Promise<Committed> {
  // the events of one change share their data
  const texts = new Map(events.map(({ data }) => [data, '']))
  for (const data of texts.keys()) texts.set(data, JSON.stringify(data))
  const encoded = events.map(
    ({ group, name, data }) => `{"group":"${group}","name":"${name}","data":${texts.get(data)}}`,
  )
  const rows = await appendRows(tx, `[${encoded.join()}]`, JSON.stringify(changes), onBehalf)
  const first = rows[0]
  if (!first) throw new Error('houselights_append returned no rows')
  // rows come in no guaranteed order; a group's lowest seq belongs to its first event
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
    if (seq === undefined) throw new Error(`houselights_append returned too few rows for ${group}`)
    return { group, seq, name, at, epoch, data: texts.get(data) ?? '' }
  })
  return { events: stored, epoch }
}

/** `events` and `changes` are JSON text. */
function appendRows(
  tx: Queryable,
  events: string,
  changes: string,
  onBehalf: OnBehalf | undefined,
): Promise<AppendedRow[]> {
  if (!onBehalf) {
    return tx.$queryRaw`
      SELECT group_name, seq, at, epoch FROM houselights_append(${events}::json, ${changes}::json)`
  }
  const { userId, sessionId, epoch } = onBehalf
  return tx.$queryRaw`
    SELECT group_name, seq, at, epoch FROM houselights_append_for(
      ${events}::json, ${changes}::json, ${userId}::int, ${sessionId}::uuid, ${epoch}::bigint)`
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
  if (!group) throw new Error(`the event log contains an invalid group name: ${row.group_name}`)
  return {
    group,
    seq: row.seq,
    name: row.name as EventName,
    at: row.at.toISOString(),
    epoch: Number(row.epoch),
    data: row.data,
  }
}

/** Events of a group after a cursor, in order, at most `limit`. A gap means that retention deleted events. */
export async function readAfter(
  db: Queryable,
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
  /** last seq of each group that has had an event */
  seqs: Map<string, number>
  epoch: number
}

/** Reads the last seq of each group and the access epoch in one query. */
export async function readHeads(db: Queryable, groups: readonly string[]): Promise<LogHeads> {
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
  /** one for each epoch; fewer if retention deleted some */
  changes: AccessChange[]
  /** the epoch up to which changes were read */
  epoch: number
}

/** Reads the access changes after an epoch, and the current epoch, in one snapshot. */
export async function readAccessChanges(db: Queryable, after: number): Promise<AccessChanges> {
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

/** The reads of the log that the live engine needs, bound to one database. */
export interface EventLog {
  readAfter(group: GroupName, after: number, limit: number): Promise<StoredEvent[]>
  readHeads(groups: readonly GroupName[]): Promise<LogHeads>
  readAccessChanges(after: number): Promise<AccessChanges>
}

export function createEventLog(db: Queryable): EventLog {
  return {
    readAfter: (group, after, limit) => readAfter(db, group, after, limit),
    readHeads: (groups) => readHeads(db, groups),
    readAccessChanges: (after) => readAccessChanges(db, after),
  }
}

/** Deletes events and access changes older than `hours`, events in batches that hold no lock for long. */
export async function deleteOlderThan(db: Database, hours: number, batch = 5000): Promise<number> {
  let deleted = 0
  for (;;) {
    const events = await db.$executeRaw`
      DELETE FROM live_events WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM live_events WHERE at < now() - make_interval(hours => ${hours}::int) LIMIT ${batch}))`
    deleted += events
    if (events < batch) break
  }
  await db.$executeRaw(
    Prisma.sql`DELETE FROM access_changes WHERE at < now() - make_interval(hours => ${Math.max(hours, 1)}::int)`,
  )
  return deleted
}
