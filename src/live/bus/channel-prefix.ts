import { createHash } from 'node:crypto'
import type { Queryable } from '../../database/client.js'

/**
 * Channel prefix that identifies the database: with several databases on one Redis, another one's event would be
 * accepted whenever its seq happened to be the next. The same on every node, and after a failover to a replica.
 */
export async function channelPrefix(db: Queryable): Promise<string> {
  const rows = await db.$queryRaw<{ identity: string }[]>`
    SELECT concat_ws(':', (SELECT system_identifier FROM pg_control_system()), d.oid, current_schema()) AS identity
    FROM pg_database d WHERE d.datname = current_database()`
  const identity = rows[0]?.identity ?? ''
  return `houselights:${createHash('sha256').update(identity).digest('hex').slice(0, 16)}:`
}
