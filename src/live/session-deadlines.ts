import { CloseCode } from '../protocol/close-codes.js'
import type { Connection } from './socket/connection.js'
import type { SessionState } from './socket/session-state.js'

/** ms before the session's end at which `expiring` is sent */
const WARN_MS = 60_000
/** ms between checks in the last minute: HTTP requests may have prolonged the session */
const CHECK_EVERY_MS = 10_000
const RETRY_MS = 1000
/** maximum delay of setTimeout, about 2^31 ms */
const MAX_TIMER_MS = 2_147_000_000
/** end times closer than this count as equal */
const SAME_END_MS = 500

/**
 * Closes sockets when their session expires, and sends `expiring` a minute ahead. Counts remaining milliseconds on the
 * monotonic clock, so that a change of the node's wall clock expires nothing. The session is read again before a
 * socket is closed: HTTP requests may have prolonged it.
 */
export class SessionDeadlines {
  private readonly timers = new Map<Connection, NodeJS.Timeout>()
  /** the end last sent to the connection in `expiring`, RFC 3339 */
  private readonly announced = new Map<Connection, string>()
  private due = new Set<Connection>()
  /** on hold: past their end, and the database has not confirmed it yet */
  private readonly unconfirmed = new Set<Connection>()

  constructor(
    private readonly readSessionStates: (sessionIds: readonly string[]) => Promise<Map<string, SessionState>>,
  ) {}

  /** Schedules the next check. Call it whenever the connection's session state is new. */
  arm(connection: Connection): void {
    if (connection.closed) return
    const { endsAt } = connection.sessionState
    const left = timeLeft(connection)
    // a reading that waited for the database may be of a session that has ended since
    if (left <= 0) this.holdAtEnd(connection)
    const announced = this.announced.get(connection)
    let next = left
    if (connection.greeted) {
      if (left <= WARN_MS) {
        if (announced === undefined || differs(announced, endsAt)) this.warn(connection, endsAt)
        next = Math.min(left, CHECK_EVERY_MS)
      } else {
        next = left - WARN_MS
        if (announced !== undefined) {
          if (differs(announced, endsAt)) connection.send({ type: 'expiring', at: endsAt })
          this.announced.delete(connection)
        }
      }
    }
    this.checkIn(connection, Math.max(0, next))
  }

  disarm(connection: Connection): void {
    clearTimeout(this.timers.get(connection))
    this.timers.delete(connection)
    this.announced.delete(connection)
    this.due.delete(connection)
    this.unconfirmed.delete(connection)
  }

  private warn(connection: Connection, at: string): void {
    this.announced.set(connection, at)
    connection.send({ type: 'expiring', at })
  }

  private checkIn(connection: Connection, ms: number): void {
    clearTimeout(this.timers.get(connection))
    const timer = setTimeout(() => this.check(connection), Math.min(Math.ceil(ms), MAX_TIMER_MS))
    this.timers.set(connection, timer)
  }

  /** Connections due in the same iteration of the event loop share one query. */
  private check(connection: Connection): void {
    if (this.due.size === 0) setImmediate(() => void this.readDue())
    this.due.add(connection)
  }

  private async readDue(): Promise<void> {
    const due = this.due
    this.due = new Set()
    const sessionIds = [...new Set([...due].map((connection) => connection.sessionState.sessionId))]
    // the query may take a while, beyond the session's end too
    for (const connection of due) this.holdAtEnd(connection)
    let sessionStates: Map<string, SessionState>
    try {
      sessionStates = await this.readSessionStates(sessionIds)
    } catch {
      for (const connection of due) if (!connection.closed) this.retryLater(connection)
      return
    }
    for (const connection of due) {
      if (connection.closed) continue
      const sessionState = sessionStates.get(connection.sessionState.sessionId)
      if (!sessionState) {
        connection.close(CloseCode.sessionEnded, 'session ended')
        continue
      }
      const wasHeld = this.unconfirmed.delete(connection)
      // only the times: the access watch applies changed permissions
      const { remainingMs, readAt, endsAt } = sessionState
      connection.sessionState = { ...connection.sessionState, remainingMs, readAt, endsAt }
      this.arm(connection)
      // after `arm`, which may hold it again
      if (wasHeld) connection.release()
    }
  }

  private retryLater(connection: Connection): void {
    this.holdAtEnd(connection)
    if (this.unconfirmed.has(connection)) this.checkIn(connection, RETRY_MS)
    else this.checkIn(connection, Math.min(timeLeft(connection), RETRY_MS))
  }

  /** Holds a connection from its session's end on. Timers may fire a fraction of a millisecond early. */
  private holdAtEnd(connection: Connection): void {
    if (connection.closed || this.unconfirmed.has(connection)) return
    const left = timeLeft(connection)
    if (left > 0) {
      clearTimeout(this.timers.get(connection))
      const timer = setTimeout(() => this.holdAtEnd(connection), Math.min(Math.ceil(left), MAX_TIMER_MS))
      this.timers.set(connection, timer)
      return
    }
    this.unconfirmed.add(connection)
    connection.hold()
  }
}

/** ms until the session's end, as of the last reading */
function timeLeft({ sessionState }: Connection): number {
  return sessionState.remainingMs - (performance.now() - sessionState.readAt)
}

function differs(a: string, b: string): boolean {
  return Math.abs(Date.parse(a) - Date.parse(b)) > SAME_END_MS
}
