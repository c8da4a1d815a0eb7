import pg from 'pg'
import type { Tracer } from '../tracing/tracer.js'
import { Prisma } from './generated/client.js'

/** What runs SQL of our own: Prisma's client, a raw client, or a transaction of either. */
export interface Queryable {
  $queryRaw<T = unknown>(query: SqlText, ...values: unknown[]): Promise<T>
  /** Returns the number of rows that were changed. */
  $executeRaw(query: SqlText, ...values: unknown[]): Promise<number>
}

/** A transaction of a raw client. */
export interface RawTransaction extends Queryable {
  /**
   * For its last statement: COMMIT is sent along, so that the locks that the statement takes do not wait for this process.
   * Only the end of the transaction says whether it was committed.
   */
  readonly last: Queryable
}

export interface RawOptions {
  /** ms that the transaction may take */
  timeoutMs?: number
  isolation?: 'RepeatableRead'
}

/** Names the prepared statement of a text; '' for none. */
export type StatementNamer = (query: { sql: string }) => string

type SqlText = TemplateStringsArray | Prisma.Sql

/** What is left of a `Queryable` once it is known how one statement runs. */
abstract class Statements implements Queryable {
  protected abstract run(query: SqlText, values: unknown[]): Promise<pg.QueryResult>

  async $queryRaw<T>(query: SqlText, ...values: unknown[]): Promise<T> {
    const { rows } = await this.run(query, values)
    // a checked border: the caller knows what its statement returns, as with Prisma's `$queryRaw`
    return rows as T
  }

  async $executeRaw(query: SqlText, ...values: unknown[]): Promise<number> {
    return (await this.run(query, values)).rowCount ?? 0
  }
}

/**
 * Runs SQL by the driver alone, which takes a third of the CPU that Prisma takes. Values have the types that Prisma's raw queries
 * return, but for `numeric`, which is text. An error of PostgreSQL is a `StatementError`.
 */
export class RawClient extends Statements {
  /** `pool`: its connections must be in pipeline mode */
  constructor(
    private readonly pool: pg.Pool,
    private readonly name: StatementNamer,
    private readonly timeoutMs: number,
    private readonly tracer: Tracer | null = null,
  ) {
    super()
  }

  protected async run(query: SqlText, values: unknown[]): Promise<pg.QueryResult> {
    const config = configOf(this.name, query, values)
    try {
      return await traced(this.tracer, config.text, () => this.pool.query(config))
    } catch (error) {
      throw plainError(error)
    }
  }

  /** Runs `work` in a transaction, and rolls back on any error. BEGIN travels with the first statements. */
  async transaction<T>(work: (tx: RawTransaction) => Promise<T>, options: RawOptions = {}): Promise<T> {
    const { tracer } = this
    if (!tracer) return await this.runTransaction(work, options)
    return await tracer.run('transaction', 'internal', () => this.runTransaction(work, options))
  }

  private async runTransaction<T>(
    work: (tx: RawTransaction) => Promise<T>,
    { timeoutMs = this.timeoutMs, isolation }: RawOptions,
  ): Promise<T> {
    const client = await this.pool.connect()
    const tx = new OpenTransaction(client, this.name, timeoutMs, this.tracer)
    const uncork = cork(client)
    try {
      const begun = client.query(
        isolation === 'RepeatableRead'
          ? 'BEGIN ISOLATION LEVEL REPEATABLE READ'
          : 'BEGIN ISOLATION LEVEL READ COMMITTED',
      )
      // a statement behind it fails as well, and is the one that is waited for
      begun.catch(() => {})
      const working = work(tx)
      uncork()
      const result = await working
      await begun
      await tx.commit()
      client.release()
      return result
    } catch (error) {
      uncork()
      const isRolledBack = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      )
      // true: closes the connection
      client.release(!isRolledBack)
      throw plainError(error)
    }
  }

  /** Closes the pool. Transactions that run are waited for. */
  close(): Promise<void> {
    return this.pool.end()
  }
}

/** Keeps back what is written to the connection; returns what lets it go. */
function cork({ connection: { stream } }: pg.PoolClient): () => void {
  stream.cork()
  let isCorked = true
  return () => {
    if (isCorked) stream.uncork()
    isCorked = false
  }
}

class LastStatement extends Statements {
  constructor(protected readonly run: (query: SqlText, values: unknown[]) => Promise<pg.QueryResult>) {
    super()
  }
}

class OpenTransaction extends Statements implements RawTransaction {
  readonly last: Queryable = new LastStatement((query, values) => this.runLast(query, values))
  private readonly endsAt: number
  private committing: Promise<void> | null = null

  constructor(
    private readonly client: pg.PoolClient,
    private readonly name: StatementNamer,
    private readonly timeoutMs: number,
    private readonly tracer: Tracer | null,
  ) {
    super()
    this.endsAt = performance.now() + timeoutMs
  }

  /** Resolves once the transaction is committed. */
  async commit(): Promise<void> {
    if (!this.committing) this.checkTime()
    await (this.committing ?? this.sendCommit())
  }

  private async sendCommit(): Promise<void> {
    const { command } = await traced(this.tracer, 'COMMIT', () => this.client.query('COMMIT'))
    // PostgreSQL answers so, without an error, when a statement had failed
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back: one of its statements had failed')
  }

  protected run(query: SqlText, values: unknown[]): Promise<pg.QueryResult> {
    if (this.committing) throw new Error('the transaction has had its last statement')
    this.checkTime()
    const config = configOf(this.name, query, values)
    return traced(this.tracer, config.text, () => this.client.query(config))
  }

  private async runLast(query: SqlText, values: unknown[]): Promise<pg.QueryResult> {
    const uncork = cork(this.client)
    try {
      const result = this.run(query, values)
      this.committing = this.sendCommit()
      // waited for in `commit`; when the statement fails, its error says more
      this.committing.catch(() => {})
      uncork()
      return await result
    } finally {
      uncork()
    }
  }

  private checkTime(): void {
    if (performance.now() < this.endsAt) return
    throw new Error(`Transaction already closed: it took more than ${this.timeoutMs} ms`)
  }
}

/** What PostgreSQL says of a statement that failed, without the `detail` and `where` of its error: they hold values of rows. */
class StatementError extends Error {
  /** SQLSTATE */
  readonly code: string | undefined

  constructor({ message, code, stack }: pg.DatabaseError) {
    super(message)
    this.name = 'StatementError'
    this.code = code
    if (stack !== undefined) this.stack = stack
  }
}

const traced = <T>(tracer: Tracer | null, text: string, work: () => Promise<T>): Promise<T> =>
  tracer ? tracer.statement(text, work) : work()

const plainError = (error: unknown) => (error instanceof pg.DatabaseError ? new StatementError(error) : error)

function configOf(
  name: StatementNamer,
  query: SqlText,
  values: unknown[],
): pg.QueryConfig & { text: string } {
  const sql = query instanceof Prisma.Sql ? query : Prisma.sql(query, ...values)
  const { text } = sql
  return { name: name({ sql: text }), text, values: sql.values, types }
}

/** OID of `bigint`; the driver's default is text */
const INT8 = 20

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? BigInt : pg.types.getTypeParser(oid, format ?? 'text'),
}
