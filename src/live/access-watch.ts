import type { AccessChange, AccessChanges } from '../events/event-log.js'
import { CloseCode } from '../protocol/close-codes.js'
import type { Connection } from './socket/connection.js'
import type { SessionState } from './socket/session-state.js'

export interface AccessSource {
  /** access changes after an epoch, and the current epoch, in one snapshot */
  readChanges(after: number): Promise<AccessChanges>
  /** session states by session id; ended sessions are missing, by id, in one query */
  readSessionStates(sessionIds: readonly string[]): Promise<Map<string, SessionState>>
  bySession(sessionId: string): Iterable<Connection>
  byUser(userId: number): Iterable<Connection>
  all(): Iterable<Connection>
  /** called after a connection's session state was replaced by a newer one */
  onReadmitted(connection: Connection): void
}

/** ms before a failed review is retried; the affected connections stay on hold until it succeeds */
const RETRY_MS = 1000
const MAX_READS = 3

/**
 * Applies access changes to open connections.
 *
 * The way of a log-out: `logout` (accounts/account-actions.ts) ends the session and returns an access change -> `commit` stores it and
 * increments the epoch in one transaction -> `Hub.publish` -> the bus, channel `access` -> `Hub.onMessage` on every node -> `noteEpoch` ->
 * `readAndApply` puts the session's connections on hold -> `review` reads their sessions anew -> 4401. If the message is lost, the
 * poll of each second finds the epoch, as does the next event, which carries it.
 *
 * In the same synchronous step that raises the applied epoch, affected
 * connections are put on hold until the route's guard has run again. Since an event is delivered only once its epoch
 * is applied, no event committed after a revocation reaches the revoked, in whatever order the bus delivers the two
 * (the "new enemy" problem of Google's Zanzibar).
 */
export class AccessWatch {
  private reading: Promise<void> | null = null
  private readonly retries = new Set<NodeJS.Timeout>()

  constructor(
    /** the epoch up to which changes are applied on this node */
    public applied: number,
    private readonly source: AccessSource,
  ) {}

  /** Resolves once the changes up to `epoch` are applied. Rejects when the database fails or is behind `epoch`. */
  async reach(epoch: number): Promise<void> {
    for (let reads = 0; this.applied < epoch; reads++) {
      if (reads === MAX_READS) throw new Error(`access changes up to epoch ${epoch} can’t be read`)
      await this.readAndApply()
    }
  }

  /** Applies an announced epoch at once; if that fails, the next poll does. */
  noteEpoch(epoch: number): void {
    if (epoch > this.applied) this.reach(epoch).catch(() => {})
  }

  private readAndApply(): Promise<void> {
    this.reading ??= this.source
      .readChanges(this.applied)
      .then(({ changes, epoch }) => {
        if (epoch <= this.applied) return
        // there is one change per epoch: if retention deleted some, anyone may be affected
        const isComplete = changes.length === epoch - this.applied
        const affected = isComplete ? this.affectedBy(changes) : new Set(this.source.all())
        for (const connection of affected) connection.hold()
        this.applied = epoch
        if (affected.size > 0) this.review(affected)
      })
      .finally(() => {
        this.reading = null
      })
    return this.reading
  }

  private affectedBy(changes: readonly AccessChange[]): Set<Connection> {
    const affected = new Set<Connection>()
    for (const { userId, sessionId } of changes) {
      const found =
        sessionId === null
          ? userId === null
            ? []
            : this.source.byUser(userId)
          : this.source.bySession(sessionId)
      for (const connection of found) affected.add(connection)
    }
    return affected
  }

  /** Reviews a new connection whose session state is older than the applied epoch, before it receives anything. */
  reviewJoining(connection: Connection): void {
    connection.hold()
    this.review(new Set([connection]))
  }

  /** Runs the guard of connections on hold again, then releases them. Retries until the database answers. */
  private review(affected: Set<Connection>): void {
    const sessionIds = [...new Set([...affected].map((connection) => connection.sessionState.sessionId))]
    this.source.readSessionStates(sessionIds).then(
      (sessionStates) => {
        for (const connection of affected) {
          this.decide(connection, sessionStates.get(connection.sessionState.sessionId))
          connection.release()
        }
      },
      () => {
        const timer = setTimeout(() => {
          this.retries.delete(timer)
          this.review(affected)
        }, RETRY_MS)
        this.retries.add(timer)
      },
    )
  }

  private decide(connection: Connection, sessionState: SessionState | undefined): void {
    if (connection.closed) return
    if (!sessionState) return connection.close(CloseCode.sessionEnded, 'session ended')
    // reviews may overtake each other: keep the result of the later snapshot
    if (sessionState.epoch < connection.sessionState.epoch) return
    // the token was replaced: whoever has only the old one can't come back
    if (sessionState.tokenHash !== connection.sessionState.tokenHash) return connection.restart()
    connection.sessionState = sessionState
    const allowed = connection.guard(sessionState.principal)
    if (allowed.length === 0) return connection.close(CloseCode.forbidden, 'access revoked')
    if (allowed.some((group) => !connection.granted.has(group))) {
      return connection.restart()
    }
    for (const group of [...connection.granted]) {
      if (!allowed.includes(group)) connection.leave(group, 'no_longer_allowed')
    }
    this.source.onReadmitted(connection)
  }

  close(): void {
    for (const timer of this.retries) clearTimeout(timer)
    this.retries.clear()
  }
}
