import pg from 'pg'
import { theatreChat, theatreOrders } from '../protocol/groups.js'
import { withMaintenanceClient } from './maintenance-client.js'
import { readSequences, readTableNames } from './tables.js'

// A database that is as it was at an earlier time: clients know of events, orders and sessions that it has lost.

/** More events than a group can have had, and more ids than can have been given out, in the time that is lost. */
const LOST_EVENTS = 1_000_000
const LOST_IDS = 100_000

export interface Recovery {
  /** groups whose clients start with a snapshot */
  groups: number
  /** sequences that go on behind the ids that were lost */
  sequences: number
  /** sessions of staff and admins that were ended */
  sessions: number
}

/**
 * Has clients resume rightly on a database that is as it was at an earlier time. To be run in a transaction, while no node
 * runs.
 *
 * - Positions of clients may be ahead of the log, or refer to other events: each group goes on far behind them, so that
 *   every client starts with a snapshot. That includes groups without an event yet, for which a client may have a position.
 * - Ids that were given out after that time are not given out again: pages, receipts and the provider's books refer to them.
 * - Sessions of staff and admins that had ended since would be back: all of them end. Customers keep theirs, and their orders.
 */
export async function recover(
  client: pg.ClientBase,
  schema: string,
  tables: readonly string[],
): Promise<Recovery> {
  const theatres = (await client.query<{ id: number }>('SELECT id FROM theatres')).rows
  const groups = theatres.flatMap(({ id }) => [theatreOrders(id), theatreChat(id)])
  await client.query('INSERT INTO live_groups (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
    groups,
  ])
  const bumped = await client.query('UPDATE live_groups SET seq = seq + $1', [LOST_EVENTS])
  await client.query('DELETE FROM live_events')
  const ended = await client.query(
    `DELETE FROM sessions USING users WHERE users.id = sessions.user_id AND users.role <> 'customer'`,
  )
  const sequences = await readSequences(client, schema, tables)
  for (const { name } of sequences) {
    await client.query(
      'SELECT setval($1::regclass, coalesce(pg_sequence_last_value($1::regclass), 0) + $2)',
      [pg.escapeIdentifier(name), LOST_IDS],
    )
  }
  return { groups: bumped.rowCount ?? 0, sequences: sequences.length, sessions: ended.rowCount ?? 0 }
}

export interface Finding {
  /** what was looked at, as a sentence that is true if nothing was found */
  what: string
  /** what contradicts it; empty: nothing */
  problems: string[]
}

/** Each returns what contradicts its sentence, at most ten. */
const LOOKS: Record<string, string> = {
  'the event log is without gaps up to the last event of each group': `
    SELECT g.name || ': ' || count(e.seq) || ' events, up to ' || max(e.seq) || ' of ' || g.seq AS problem
    FROM live_groups g JOIN live_events e ON e.group_name = g.name GROUP BY g.name, g.seq
    HAVING max(e.seq) <> g.seq OR max(e.seq) - min(e.seq) + 1 <> count(*)`,
  'every event belongs to a group': `
    SELECT DISTINCT e.group_name AS problem FROM live_events e
    WHERE NOT EXISTS (SELECT FROM live_groups g WHERE g.name = e.group_name)`,
  'the access epoch is not behind a change of rights or an event': `
    SELECT 'epoch ' || coalesce(max(a.epoch), 0) || ', but ' || known.epoch AS problem FROM access_epoch a
    RIGHT JOIN (SELECT max(epoch) AS epoch FROM (SELECT epoch FROM access_changes UNION ALL SELECT epoch FROM live_events) e)
      known ON true GROUP BY known.epoch HAVING coalesce(max(a.epoch), -1) < coalesce(known.epoch, 0)`,
  'the bills of a theatre and year are numbered from 1 without gaps': `
    SELECT 'theatre ' || theatre_id || ', ' || financial_year || ': ' || count(*) || ' bills up to ' || max(number) AS problem
    FROM receipts r GROUP BY theatre_id, financial_year
    HAVING max(number) <> count(*) OR max(number) IS DISTINCT FROM (SELECT last FROM receipt_counters c
      WHERE c.theatre_id = r.theatre_id AND c.financial_year = r.financial_year)`,
  'all foreign keys hold': `
    SELECT conrelid::regclass || ': ' || conname AS problem FROM pg_constraint
    WHERE contype = 'f' AND NOT convalidated AND connamespace = current_schema()::regnamespace`,
  'all triggers are on': `
    SELECT tgrelid::regclass || ': ' || tgname AS problem FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT tgisinternal AND tgenabled = 'D' AND c.relnamespace = current_schema()::regnamespace`,
}

/** Looks whether what a database holds fits together; changes nothing. */
export const findProblems = (url: string): Promise<Finding[]> =>
  withMaintenanceClient(url, async (client, schema) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    return await look(client, schema, await readTableNames(client, schema))
  })

async function look(client: pg.ClientBase, schema: string, tables: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [what, sql] of Object.entries(LOOKS)) {
    const { rows } = await client.query<{ problem: string }>(`${sql} LIMIT 10`)
    findings.push({ what, problems: rows.map(({ problem }) => problem) })
  }
  const behind: string[] = []
  const sequences = await readSequences(client, schema, tables)
  for (const { name, table, column } of sequences) {
    const [from, id] = [pg.escapeIdentifier(table), pg.escapeIdentifier(column)]
    const { rows } = await client.query<{ problem: string }>(
      `SELECT ${pg.escapeLiteral(table)} || ': up to ' || max(${id}) AS problem FROM ${from}
       HAVING max(${id}) > coalesce(pg_sequence_last_value($1::regclass), 0)`,
      [pg.escapeIdentifier(name)],
    )
    behind.push(...rows.map(({ problem }) => problem))
  }
  findings.push({ what: 'new ids are above all that are used', problems: behind })
  return findings
}
