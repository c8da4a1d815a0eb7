import type { KeyedQueue } from '../concurrency/keyed-queue.js'
import type { Database, Transaction } from '../database/client.js'
import { conflict, unauthenticated } from '../errors.js'
import {
  append,
  type Committed,
  type NewAccessChange,
  type NewEvent,
  readChangesConcerning,
} from './event-log.js'

/** Where an action's commit is told at once; the log tells it again to whoever missed it. */
export interface Publisher {
  /** Never throws and never waits: a lost message is read from the log within two seconds. */
  publish(committed: Committed, changes: readonly NewAccessChange[]): void
}

/** In whose name something is done: a session, with the rights that it had as of an epoch. */
export interface OnBehalf {
  userId: number
  sessionId: string
  epoch: number
}

/** What every action needs: the database, and who is told of its commit. */
export interface ActionContext {
  db: Database
  live: Publisher
  /** changes of one thing wait here for each other, not on connections to the database */
  queue?: KeyedQueue
  /** nothing is committed any more once this one's rights have changed */
  onBehalf?: OnBehalf
}

export interface Outcome<T> {
  result: T
  events?: NewEvent[]
  changes?: NewAccessChange[]
}

export interface CommitOptions {
  /** ms that it may take, if longer than usual */
  timeoutMs?: number
  /** what it changes: changes of the same run one after the other */
  queueKey?: string
}

/**
 * One transaction: the change, and, as its last statement, its events and its changes of rights. After the
 * commit they are published. There is no change without its event and no event without its change.
 * Errors that `work` throws roll everything back, and so does 401 or 409 `rights_changed` when the rights of
 * `onBehalf` have ended or changed since they were read.
 */
export async function commit<T>(
  ctx: ActionContext,
  work: (tx: Transaction) => Promise<Outcome<T>>,
  { timeoutMs, queueKey }: CommitOptions = {},
): Promise<T> {
  const { db, live, queue } = ctx
  const transact = () =>
    db.$transaction(
      async (tx) => {
        const outcome = await work(tx)
        return { outcome, committed: await conclude(tx, outcome, ctx.onBehalf) }
      },
      timeoutMs === undefined ? {} : { timeout: timeoutMs },
    )
  const { outcome, committed } = await (queueKey !== undefined && queue
    ? queue.run(queueKey, transact)
    : transact())
  if (committed) live.publish(committed, outcome.changes ?? [])
  return outcome.result
}

async function conclude(
  tx: Transaction,
  { events = [], changes = [] }: Outcome<unknown>,
  onBehalf: OnBehalf | undefined,
): Promise<Committed | null> {
  if (events.length === 0 && changes.length === 0 && !onBehalf) return null
  const committed = await append(tx, events, changes)
  // From here to the commit nobody else's change of rights can be committed: `append` holds the lock of the epoch.
  if (onBehalf) await checkRights(tx, onBehalf, committed.epoch - changes.length)
  return committed
}

/** `until`: the epoch before this transaction's own changes of rights. */
async function checkRights(tx: Transaction, onBehalf: OnBehalf, until: number): Promise<void> {
  if (until <= onBehalf.epoch) return
  const changes = await readChangesConcerning(tx, onBehalf, until)
  if (changes.includes('session_ended')) throw unauthenticated()
  if (changes.length > 0) {
    throw conflict('rights_changed', 'Your rights have just changed, and nothing was done: try again.')
  }
}
