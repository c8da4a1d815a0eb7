import pg from 'pg'
import { prepareConnection } from '../database/connection-settings.js'
import { schemaOf } from '../database/database-url.js'

const CONNECT_MS = 15_000

/** One connection for a long piece of work, without time limits, while `work` runs. */
export async function withMaintenanceClient<T>(
  url: string,
  work: (client: pg.Client, schema: string) => Promise<T>,
): Promise<T> {
  const schema = schemaOf(url)
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'houselights maintenance',
  })
  // a lost connection fails the statement under way, not the process
  client.on('error', () => {})
  await client.connect()
  try {
    await prepareConnection(client, { schema, statementTimeoutMs: 0 })
    await client.query('SET idle_in_transaction_session_timeout = 0')
    return await work(client, schema)
  } finally {
    await client.end().catch(() => {})
  }
}
