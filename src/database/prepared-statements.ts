import pg from 'pg'

const PROBE = { name: 'houselights_probe', text: 'SELECT 1' }
/** SQLSTATE of a prepared statement that does not exist, or exists already */
const LEFT_BEHIND = new Set(['26000', '42P05'])
const CONNECT_MS = 5000

/**
 * Whether prepared statements work through this URL. A pooler in transaction mode gives a client another connection for each
 * transaction, and what was prepared is left behind on the first, unless the pooler knows prepared statements (PgBouncer
 * from 1.21). True when the database does not answer: that shows elsewhere.
 */
export async function canPrepareStatements(url: string): Promise<boolean> {
  const [first, second] = [openClient(url), openClient(url)]
  try {
    await Promise.all([first.connect(), second.connect()])
    await first.query(PROBE)
    // takes the connection that `first` has just used, if the two share connections, and holds it
    await second.query('BEGIN')
    await second.query('SELECT 1')
    await first.query(PROBE)
    await second.query(PROBE)
    return true
  } catch (error) {
    return !(error instanceof pg.DatabaseError && LEFT_BEHIND.has(error.code ?? ''))
  } finally {
    await Promise.all([first.end(), second.end()]).catch(() => {})
  }
}

function openClient(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  })
  // ends with the query that it interrupts
  client.on('error', () => {})
  return client
}
