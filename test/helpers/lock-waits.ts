import type { Database } from '../../src/database/client.js'
import { until } from './until.js'

/** Waits until a statement in the test's database waits for a lock. */
export async function untilLockWait(db: Database): Promise<void> {
  const findWaiting = () => db.$queryRaw<object[]>`
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await until(async () => (await findWaiting()).length > 0, 'a statement that waits for a lock')
}
