import type { Test } from 'tap'
import { type Database, Prisma } from '../../src/database/client.js'
import { PATIENCE } from './deadline.js'
import { deferred } from './deferred.js'
import { createClient } from './http-client.js'
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

/** Locks a table until the returned function is called: meanwhile all that reads it waits. */
export async function lockTable(db: Database, table: string): Promise<() => Promise<void>> {
  const [locked, released] = [deferred(), deferred()]
  const transaction = db.$transaction(
    async (tx) => {
      await tx.$executeRaw`SET LOCAL idle_in_transaction_session_timeout = 0`
      await tx.$executeRaw`LOCK TABLE ${Prisma.raw(table)} IN ACCESS EXCLUSIVE MODE`
      locked.resolve()
      await released.promise
    },
    { timeout: PATIENCE },
  )
  await Promise.race([locked.promise, transaction])
  return async () => {
    released.resolve()
    await transaction
  }
}

/** Asserts that of the many requests that wait for one lock at most one holds a connection, and that another is answered. */
export async function assertConnectionsLeft(t: Test, db: Database, url: string, path: string): Promise<void> {
  await untilLockWait(db)
  // not all of those that wait may have begun when the first is answered
  for (let i = 0; i < 3; i++) t.equal((await createClient(url).get(path)).status, 200)
  const holding = await countLockWaits(db)
  t.ok(holding <= 1, `${holding} hold a connection`)
}
