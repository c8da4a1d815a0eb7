import pg from 'pg'
import { Prisma } from './generated/client.js'

/** What runs SQL of our own: Prisma's client, a transaction of it, or a raw transaction. */
export interface Queryable {
  $queryRaw<T = unknown>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>
  /** Returns the number of rows that were changed. */
  $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
}

export interface RawOptions {
  /** ms that the transaction may take */
  timeoutMs: number
  isolation?: 'RepeatableRead'
}

/** Names the prepared statement of a text; '' for none. */
export type StatementNamer = (query: { sql: string }) => string

/**
 * Runs `work` in a transaction of the driver's own, without Prisma: a statement costs a third of the CPU. Rolls back on any
 * error; one of PostgreSQL's is a `StatementError`. Values have the types that Prisma's raw queries return, but for `numeric`, which is text.
 *
 * The pool's connections must be in pipeline mode: BEGIN travels with the first statement.
 */
export async function runRaw<T>(
  pool: pg.Pool,
  name: StatementNamer,
  work: (tx: Queryable) => Promise<T>,
  { timeoutMs, isolation }: RawOptions,
): Promise<T> {
  const client = await pool.connect()
  const tx = new RawTransaction(client, name, timeoutMs)
  // BEGIN and the first statements in one write
  const uncork = cork(client)
  try {
    const begun = client.query(
      isolation === 'RepeatableRead' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : 'BEGIN',
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
    throw error instanceof pg.DatabaseError ? new StatementError(error) : error
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

class RawTransaction implements Queryable {
  private readonly endsAt: number

  constructor(
    private readonly client: pg.PoolClient,
    private readonly name: StatementNamer,
    private readonly timeoutMs: number,
  ) {
    this.endsAt = performance.now() + timeoutMs
  }

  async $queryRaw<T>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T> {
    const { rows } = await this.run(query, values)
    // a checked border: the caller knows what its statement returns, as with Prisma's `$queryRaw`
    return rows as T
  }

  async $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number> {
    return (await this.run(query, values)).rowCount ?? 0
  }

  async commit(): Promise<void> {
    this.checkTime()
    const { command } = await this.client.query('COMMIT')
    // PostgreSQL answers so, without an error, when a statement had failed
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back: one of its statements had failed')
  }

  private run(query: TemplateStringsArray | Prisma.Sql, values: unknown[]): Promise<pg.QueryResult> {
    this.checkTime()
    const sql = query instanceof Prisma.Sql ? query : Prisma.sql(query, ...values)
    const { text } = sql
    return this.client.query({ name: this.name({ sql: text }), text, values: sql.values, types })
  }

  private checkTime(): void {
    if (performance.now() < this.endsAt) return
    throw new Error(`Transaction already closed: it took more than ${this.timeoutMs} ms`)
  }
}

/** OID of `bigint`; the driver's default is text */
const INT8 = 20

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? BigInt : pg.types.getTypeParser(oid, format ?? 'text'),
}
