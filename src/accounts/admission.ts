import type { Admission } from '../live/socket/connection.js'
import type { Caller } from './sessions.js'

/** A session as the live engine knows it, from the moment of its reading on. */
export function toAdmission({ principal, session, epoch }: Caller): Admission {
  return {
    sessionId: session.id,
    principal,
    remainingMs: session.remainingMs,
    readAt: performance.now(),
    endsAt: session.expiresAt.toISOString(),
    epoch,
  }
}
