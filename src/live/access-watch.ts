import type { AccessChange, AccessChanges } from '../events/event-log.js'
import { CloseCode } from '../protocol/close-codes.js'
import type { Admission, Connection } from './socket/connection.js'

/** Where the watch reads from, and whom it watches. */
export interface AccessSource {
  /** the changes after an epoch, and the epoch up to which they are whole, in one snapshot */
  readChanges(after: number): Promise<AccessChanges>
  /** the sessions of these ids that live, by id, in one query */
  readAdmissions(sessionIds: readonly string[]): Promise<Map<string, Admission>>
  bySession(sessionId: string): Iterable<Connection>
  byUser(userId: number): Iterable<Connection>
  all(): Iterable<Connection>
  /** called after a connection's admission was read anew */
  readmitted(connection: Connection): void
}

/** ms before a look at rights that failed is made again; those concerned are held until it succeeds */
const RETRY_MS = 1000
const READ_TRIES = 3

/**
 * Keeps the right to listen true. Knows the epoch up to which this node has applied all changes of rights; whoever
 * is concerned by one is held, in the same synchronous step that raises the epoch, until the route's guard has
 * been asked again. So an event of a later epoch, shown only after `reach`, meets nobody whose right has ended
 * (the "new enemy" of Google's Zanzibar, whatever order the bus brings things in).
 */
export class AccessWatch {
  private reading: Promise<void> | null = null
  private readonly retries = new Set<NodeJS.Timeout>()

  constructor(
    /** the epoch up to which changes are applied here */
    public applied: number,
    private readonly source: AccessSource,
  ) {}

  /** Resolves once the changes up to `epoch` are applied. Rejects when the database does not tell. */
  async reach(epoch: number): Promise<void> {
    for (let tries = 0; this.applied < epoch; tries++) {
      if (tries === READ_TRIES) throw new Error(`changes of rights up to ${epoch} can’t be read`)
      await this.readOn()
    }
  }

  /** Somebody tells of this epoch: looks at once, and leaves the rest to the poll if that fails. */
  notice(epoch: number): void {
    if (epoch > this.applied) this.reach(epoch).catch(() => {})
  }

  private readOn(): Promise<void> {
    this.reading ??= this.source
      .readChanges(this.applied)
      .then(({ changes, epoch }) => {
        if (epoch <= this.applied) return
        // each change raises the epoch by one: where some are forgotten, anybody may be concerned
        const isWhole = changes.length === epoch - this.applied
        const concerned = isWhole ? this.concernedBy(changes) : new Set(this.source.all())
        for (const connection of concerned) connection.hold()
        this.applied = epoch
        if (concerned.size > 0) this.review(concerned)
      })
      .finally(() => {
        this.reading = null
      })
    return this.reading
  }

  private concernedBy(changes: readonly AccessChange[]): Set<Connection> {
    const concerned = new Set<Connection>()
    for (const { userId, sessionId } of changes) {
      const found =
        sessionId === null
          ? userId === null
            ? []
            : this.source.byUser(userId)
          : this.source.bySession(sessionId)
      for (const connection of found) concerned.add(connection)
    }
    return concerned
  }

  /** A connection that was admitted by an older snapshot than this node has applied: looks again before it hears. */
  reviewJoining(connection: Connection): void {
    connection.hold()
    this.review(new Set([connection]))
  }

  /** Asks the guard again for connections that are held, then lets them go on. They stay held while that fails. */
  private review(concerned: Set<Connection>): void {
    const sessions = [...new Set([...concerned].map((connection) => connection.admission.sessionId))]
    this.source.readAdmissions(sessions).then(
      (admissions) => {
        for (const connection of concerned) {
          this.decide(connection, admissions.get(connection.admission.sessionId))
          connection.release()
        }
      },
      () => {
        const timer = setTimeout(() => {
          this.retries.delete(timer)
          this.review(concerned)
        }, RETRY_MS)
        this.retries.add(timer)
      },
    )
  }

  private decide(connection: Connection, admission: Admission | undefined): void {
    if (connection.closed) return
    if (!admission) return connection.close(CloseCode.sessionEnded, 'session ended')
    // reviews may overtake each other: the later snapshot has spoken
    if (admission.epoch < connection.admission.epoch) return
    connection.admission = admission
    const allowed = connection.guard(admission.principal)
    if (allowed.length === 0) return connection.close(CloseCode.forbidden, 'nothing left to hear')
    if (allowed.some((group) => !connection.granted.has(group))) {
      return connection.restart()
    }
    for (const group of [...connection.granted]) {
      if (!allowed.includes(group)) connection.leave(group, 'no_longer_allowed')
    }
    this.source.readmitted(connection)
  }

  close(): void {
    for (const timer of this.retries) clearTimeout(timer)
    this.retries.clear()
  }
}
