import type pg from 'pg'

/** Settings of a connection to the database. */
export interface ConnectionSettings {
  schema: string
  /** ms that one statement may take; 0: no limit */
  statementTimeoutMs: number
  /** a role or a server that takes no writes will do; false unless given */
  mayBeReadOnly?: boolean
}

const IDLE_IN_TRANSACTION_MS = 10_000
/** SQLSTATE: a role's default of serializable can't be had on a standby */
const NOT_ON_A_STANDBY = '0A000'
/** SQLSTATE of a write on a server that doesn't take any */
export const READ_ONLY_SQL_TRANSACTION = '25006'

/** The server takes no writes: a standby, before or after a failover. */
export class ReadOnlyServerError extends Error {
  override readonly name = 'ReadOnlyServerError'
  readonly code = 'read_only_server'

  constructor() {
    super(
      'DATABASE_URL leads to a read-only server, such as a standby: connect to the primary, or wait until it is promoted.',
    )
  }
}

/**
 * By statement, as poolers drop the `options` of a connection. The adapter reads and writes times as UTC and in ISO form,
 * whatever the server says; changes are written for read committed.
 */
const SET_UP = `
SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false),
  set_config('IntervalStyle', 'postgres', false), set_config('standard_conforming_strings', 'on', false),
  set_config('search_path', quote_ident($1), false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('default_transaction_deferrable', 'off', false),
  set_config('statement_timeout', $2, false), set_config('lock_timeout', '0', false),
  set_config('idle_in_transaction_session_timeout', $3, false),
  pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS "isReadOnly"`

/**
 * Sets all that the service depends on, whatever the server's, the database's and the role's defaults.
 * @throws {ReadOnlyServerError} unless `mayBeReadOnly`
 */
export async function prepareConnection(
  client: pg.ClientBase,
  { schema, statementTimeoutMs, mayBeReadOnly = false }: ConnectionSettings,
): Promise<void> {
  const values = [schema, String(statementTimeoutMs), String(IDLE_IN_TRANSACTION_MS)]
  const { rows } = await client.query<{ isReadOnly: boolean }>(SET_UP, values).catch((error: unknown) => {
    const isStandby = error instanceof Error && 'code' in error && error.code === NOT_ON_A_STANDBY
    throw isStandby ? new ReadOnlyServerError() : error
  })
  if (!mayBeReadOnly && rows[0]?.isReadOnly !== false) throw new ReadOnlyServerError()
}
