import type { Caller } from './sessions.js'

/** What the live engine keeps of a caller (its `Admission`). Call it as soon as the session was read. */
export function toAdmission({ principal, session, epoch }: Caller) {
  return {
    sessionId: session.id,
    principal,
    remainingMs: session.remainingMs,
    readAt: performance.now(),
    endsAt: session.expiresAt.toISOString(),
    epoch,
  }
}
