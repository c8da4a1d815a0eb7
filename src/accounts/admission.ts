import type { Caller } from './sessions.js'

/** The `Admission` of a socket that this caller opens. The remaining time counts from now. */
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
