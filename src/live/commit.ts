import type { Database, Transaction } from '../database/client.js'
import { append, type Committed, type NewAccessChange, type NewEvent } from './event-log.js'

/** Where an action's commit is told at once; the log tells it again to whoever missed it. */
export interface Publisher {
  /** Never throws and never waits: a lost message is read from the log within two seconds. */
  publish(committed: Committed, changes: readonly NewAccessChange[]): void
}

/** What every action needs: the database, and who is told of its commit. */
export interface ActionContext {
  db: Database
  live: Publisher
}

export interface Outcome<T> {
  result: T
  events?: NewEvent[]
  changes?: NewAccessChange[]
}

/**
 * One transaction: the change, and, as its last statement, its events and its changes of rights. After the
 * commit they are published. There is no change without its event and no event without its change.
 * Errors that `work` throws roll everything back. `timeoutMs`: how long it may take, if longer than usual.
 */
export async function commit<T>(
  { db, live }: ActionContext,
  work: (tx: Transaction) => Promise<Outcome<T>>,
  options: { timeoutMs?: number } = {},
): Promise<T> {
  const { outcome, committed } = await db.$transaction(
    async (tx) => {
      const outcome = await work(tx)
      const quiet = !outcome.events?.length && !outcome.changes?.length
      return {
        outcome,
        committed: quiet ? null : await append(tx, outcome.events ?? [], outcome.changes ?? []),
      }
    },
    options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs },
  )
  if (committed) live.publish(committed, outcome.changes ?? [])
  return outcome.result
}
