import { CloseCode } from '../protocol/close-codes.js'
import type { Admission, Connection } from './socket/connection.js'

/** ms before its end that a session's sockets are told */
const WARN_MS = 60_000
/** ms between looks at a session in its last minute: HTTP may have prolonged it */
const LOOK_EVERY_MS = 10_000
const RETRY_MS = 1000
/** what setTimeout can hold */
const MAX_TIMER_MS = 2_147_000_000
/** differences below are the same end, computed twice */
const SAME_END_MS = 500

/**
 * Closes sockets when their session ends by time, and warns a minute ahead. Counts remaining milliseconds on the
 * monotonic clock, never instants: a jump of the node's clock ends nothing. What the database says counts; HTTP
 * may have prolonged the session, so it is read again before anything is closed.
 */
export class SessionDeadlines {
  private readonly timers = new Map<Connection, NodeJS.Timeout>()
  /** the end that was announced to it, RFC 3339 */
  private readonly announced = new Map<Connection, string>()
  private due = new Set<Connection>()
  /** held: their end has come and the database has not said yet whether it was moved */
  private readonly waiting = new Set<Connection>()

  constructor(
    private readonly readAdmissions: (sessionIds: readonly string[]) => Promise<Map<string, Admission>>,
  ) {}

  /** Takes over a connection's admission, new or read again. */
  arm(connection: Connection): void {
    if (connection.closed) return
    const { remainingMs, readAt, endsAt } = connection.admission
    const left = remainingMs - (performance.now() - readAt)
    const told = this.announced.get(connection)
    let next = left
    if (connection.greeted) {
      if (left <= WARN_MS) {
        if (told === undefined || differs(told, endsAt)) this.tell(connection, endsAt)
        next = Math.min(left, LOOK_EVERY_MS)
      } else {
        next = left - WARN_MS
        if (told !== undefined) {
          if (differs(told, endsAt)) connection.send({ type: 'expiring', at: endsAt })
          this.announced.delete(connection)
        }
      }
    }
    this.lookIn(connection, Math.max(0, next))
  }

  disarm(connection: Connection): void {
    clearTimeout(this.timers.get(connection))
    this.timers.delete(connection)
    this.announced.delete(connection)
    this.due.delete(connection)
    this.waiting.delete(connection)
  }

  private tell(connection: Connection, at: string): void {
    this.announced.set(connection, at)
    connection.send({ type: 'expiring', at })
  }

  private lookIn(connection: Connection, ms: number): void {
    clearTimeout(this.timers.get(connection))
    const timer = setTimeout(() => this.look(connection), Math.min(Math.ceil(ms), MAX_TIMER_MS))
    this.timers.set(connection, timer)
  }

  /** All that fall due in one turn of the event loop are read in one query. */
  private look(connection: Connection): void {
    if (this.due.size === 0) setImmediate(() => void this.readDue())
    this.due.add(connection)
  }

  private async readDue(): Promise<void> {
    const due = this.due
    this.due = new Set()
    const sessions = [...new Set([...due].map((connection) => connection.admission.sessionId))]
    // the answer may take its time
    for (const connection of due) this.holdIfOver(connection)
    let admissions: Map<string, Admission>
    try {
      admissions = await this.readAdmissions(sessions)
    } catch {
      for (const connection of due) if (!connection.closed) this.keepWaiting(connection)
      return
    }
    for (const connection of due) {
      if (connection.closed) continue
      const admission = admissions.get(connection.admission.sessionId)
      if (!admission) {
        connection.close(CloseCode.sessionEnded, 'session ended')
        continue
      }
      this.free(connection)
      // rights are the access watch's affair: only the time is taken over
      const { remainingMs, readAt, endsAt } = admission
      connection.admission = { ...connection.admission, remainingMs, readAt, endsAt }
      this.arm(connection)
    }
  }

  /** It can't be known: nothing more goes out once the end has come, and the question is asked again. */
  private keepWaiting(connection: Connection): void {
    this.holdIfOver(connection)
    this.lookIn(connection, RETRY_MS)
  }

  private holdIfOver(connection: Connection): void {
    const { remainingMs, readAt } = connection.admission
    if (connection.closed || this.waiting.has(connection)) return
    if (performance.now() - readAt < remainingMs) return
    this.waiting.add(connection)
    connection.hold()
  }

  private free(connection: Connection): void {
    if (this.waiting.delete(connection)) connection.release()
  }
}

function differs(a: string, b: string): boolean {
  return Math.abs(Date.parse(a) - Date.parse(b)) > SAME_END_MS
}
