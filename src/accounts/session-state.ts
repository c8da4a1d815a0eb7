import type { Caller } from './sessions.js'

/** What the live engine keeps of a caller (its `SessionState`). */
export function toSessionState({ principal, session, epoch }: Caller) {
  return {
    sessionId: session.id,
    tokenHash: session.tokenHash,
    principal,
    remainingMs: session.remainingMs,
    readAt: session.readAt,
    endsAt: session.expiresAt.toISOString(),
    epoch,
  }
}
