import pg from 'pg'

/**
 * Runs `work` while no other process holds the lock `name` on this database; returns null at once if one does. The lock
 * belongs to a transaction of its own connection, so it ends with the process, and works through PgBouncer's transaction
 * mode; `work` may take long.
 */
export async function withAdvisoryLock<T>(
  url: string,
  name: string,
  work: () => Promise<T>,
): Promise<T | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // a lost connection ends the lock, not the process
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
    const { rows } = await client.query(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
      [name],
    )
    return rows[0]?.taken === true ? await work() : null
  } finally {
    await client.end().catch(() => {})
  }
}
