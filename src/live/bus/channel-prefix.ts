import { createHash } from 'node:crypto'
import type { Database } from '../../database/client.js'

/**
 * Names this database among those whose nodes share one Redis: an event of another database would be taken for ours
 * whenever its seq happened to be the next. The same on every node, and after a fail-over to a replica.
 */
export async function channelPrefix(db: Database): Promise<string> {
  const rows = await db.$queryRaw<{ identity: string }[]>`
    SELECT concat_ws(':', (SELECT system_identifier FROM pg_control_system()), d.oid, current_schema()) AS identity
    FROM pg_database d WHERE d.datname = current_database()`
  const identity = rows[0]?.identity ?? ''
  return `houselights:${createHash('sha256').update(identity).digest('hex').slice(0, 16)}:`
}
