import type { Database } from '../../src/database/client.js'
import { until } from './until.js'

/** How many statements in the test's database wait for a lock. */
export async function countLockWaits(db: Database): Promise<number> {
  const waiting = await db.$queryRaw<object[]>`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return waiting.length
}

/** Waits until a statement in the test's database waits for a lock. */
export const untilLockWait = (db: Database): Promise<true> =>
  until(async () => (await countLockWaits(db)) > 0, 'a statement that waits for a lock')
