import type { KeyedQueue } from '../concurrency/keyed-queue.js'
import { type Database, type Queryable, rawClientOf, type Transaction } from '../database/client.js'
import { sqlStateOf } from '../database/sql-state.js'
import { conflict, unauthenticated } from '../errors.js'
import {
  append,
  type Committed,
  type NewAccessChange,
  type NewEvent,
  type OnBehalf,
  RIGHTS_CHANGED,
  SESSION_ENDED,
} from './event-log.js'

/** Announces commits to subscribers. Best effort: nodes read what was not announced from the log. */
export interface Publisher {
  /**
   * Never throws or waits. Subscribers get a lost announcement's events from the log within two seconds. `theatres`: ids of those
   * whose menu, settings, halls or staff have changed.
   */
  publish(
    committed: Committed,
    accessChanges: readonly NewAccessChange[],
    changedTheatres: readonly number[],
  ): void
}

/** What every action needs. */
export interface ActionContext {
  db: Database
  live: Publisher
  /** serializes actions with the same `queueKey`, so that those waiting for a row hold no database connection */
  queue?: KeyedQueue
  /** if set, the commit fails when this session's permissions have changed since its epoch */
  onBehalf?: OnBehalf
}

export interface Outcome<T> {
  result: T
  events?: NewEvent[]
  accessChanges?: NewAccessChange[]
  /** ids of the theatres whose menu, settings, halls or staff this changes: open pages that show them read them again */
  changedTheatres?: readonly number[]
}

export interface CommitOptions {
  /** transaction timeout in ms, if not the client's default */
  timeoutMs?: number
  /** identifies the changed resource; actions with the same key run one after the other on this node */
  queueKey?: string
}

/**
 * Runs `work` and appends its events and access changes in one transaction, then publishes them. Rolls back on any
 * error of `work`, and with 401 or 409 `rights_changed` if the permissions of `onBehalf` ended or changed.
 */
export async function commit<T>(
  ctx: ActionContext,
  work: (tx: Transaction) => Promise<Outcome<T>>,
  options: CommitOptions = {},
): Promise<T> {
  const { timeoutMs } = options
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs }
  return await publishAfter(ctx, options, () =>
    ctx.db.$transaction(async (tx) => await workAndAppend(ctx, tx, work(tx)), limit),
  )
}

/** The same for work that sends SQL of its own alone; it costs a third of the CPU (`rawClientOf`). */
export async function commitRaw<T>(
  ctx: ActionContext,
  work: (tx: Queryable) => Promise<Outcome<T>>,
  options: CommitOptions = {},
): Promise<T> {
  const { timeoutMs } = options
  const limit = timeoutMs === undefined ? {} : { timeoutMs }
  return await publishAfter(ctx, options, () =>
    // COMMIT travels with the append: the groups' counters stay locked for no longer than the database needs
    rawClientOf(ctx.db).transaction(async (tx) => await workAndAppend(ctx, tx.last, work(tx)), limit),
  )
}

interface Done<T> {
  outcome: Outcome<T>
  committed: Committed | null
}

async function publishAfter<T>(
  { live, queue }: ActionContext,
  { queueKey }: CommitOptions,
  transact: () => Promise<Done<T>>,
): Promise<T> {
  const { outcome, committed } = await (queueKey !== undefined && queue
    ? queue.run(queueKey, transact)
    : transact())
  const { accessChanges = [], changedTheatres = [] } = outcome
  if (committed || changedTheatres.length > 0)
    live.publish(committed ?? NO_EVENTS, accessChanges, changedTheatres)
  return outcome.result
}

const NO_EVENTS: Committed = { events: [], epoch: 0 }

async function workAndAppend<T>(
  { onBehalf }: ActionContext,
  tx: Queryable,
  work: Promise<Outcome<T>>,
): Promise<Done<T>> {
  const outcome = await work
  return { outcome, committed: await appendOutcome(tx, outcome, onBehalf) }
}

async function appendOutcome(
  tx: Queryable,
  { events = [], accessChanges = [] }: Outcome<unknown>,
  onBehalf: OnBehalf | undefined,
): Promise<Committed | null> {
  if (events.length === 0 && accessChanges.length === 0 && !onBehalf) return null
  try {
    return await append(tx, events, accessChanges, onBehalf)
  } catch (error) {
    const state = sqlStateOf(error)
    if (state === SESSION_ENDED) throw unauthenticated()
    if (state === RIGHTS_CHANGED) {
      throw conflict('rights_changed', 'Your permissions have just changed, so nothing was saved. Try again.')
    }
    throw error
  }
}
