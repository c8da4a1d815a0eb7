import { MultiMap } from '../concurrency/multi-map.js'
import type { Connection } from './socket/connection.js'

/** The open connections of a node, indexed by session and by user. */
export class ConnectionTable {
  readonly open = new Set<Connection>()
  /** closed by this node; the peer has not answered the close frame yet */
  readonly lingering = new Set<Connection>()
  private readonly sessions = new MultiMap<string, Connection>()
  private readonly users = new MultiMap<number, Connection>()

  add(connection: Connection): void {
    const { sessionId, principal } = connection.sessionState
    this.open.add(connection)
    this.sessions.add(sessionId, connection)
    this.users.add(principal.userId, connection)
  }

  /** Moves an open connection to `lingering`; false if it is not open. */
  remove(connection: Connection): boolean {
    if (!this.open.delete(connection)) return false
    const { sessionId, principal } = connection.sessionState
    this.lingering.add(connection)
    this.sessions.remove(sessionId, connection)
    this.users.remove(principal.userId, connection)
    return true
  }

  bySession(sessionId: string): Connection[] {
    return this.sessions.get(sessionId)
  }

  byUser(userId: number): Connection[] {
    return this.users.get(userId)
  }
}
