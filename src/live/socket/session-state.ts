import type { Principal } from '../../principal.js'
import type { GroupName } from '../../protocol/groups.js'

/** The session and permissions with which a connection was accepted. Replaced when they are read again. */
export interface SessionState {
  /** the session's public id */
  sessionId: string
  /** identifies the session's token: a socket that was opened with an earlier one has to come back with the new one */
  tokenHash: string
  principal: Principal
  /** ms from `readAt` until the session ends */
  remainingMs: number
  /** performance.now() just before the read */
  readAt: number
  /** RFC 3339: when the session ends unless HTTP requests prolong it */
  endsAt: string
  /** access epoch of the database snapshot from which all this was read */
  epoch: number
}

/** The access rule of a socket route: the groups that this principal may receive. If none, the socket closes with 4403. */
export type Guard = (principal: Principal) => GroupName[]
