/**
 * Why a socket was closed, shared by the service and the pages (browser-safe: no imports).
 * Codes below 4000 are RFC 6455 section 7.4.1 and the IANA registry; 4401 and 4403 mirror HTTP's 401 and 403.
 */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  /** a frame that RFC 6455 forbids */
  protocolError: 1002,
  badUtf8: 1007,
  /** a rule was broken: five messages that the protocol does not know */
  policyViolation: 1008,
  tooBig: 1009,
  /** the node restarts; the reason says `retry=N`: come back after N milliseconds */
  serviceRestart: 1012,
  /** the client took nothing for too long, or too much waits for it: come back and resume */
  tryAgainLater: 1013,
  /** the session is gone: sign in again */
  sessionEnded: 4401,
  /** nothing is left that this user may hear here */
  forbidden: 4403,
} as const

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

/** What a client does after a close: come back, or stop and tell the person why. */
export type AfterClose =
  | { action: 'retry'; delayMs: number | null }
  | { action: 'stop'; why: 'signed_out' | 'forbidden' | 'protocol' }

/**
 * Reads a close frame as the protocol means it. `delayMs` is what the server asked for (`retry=N`), else null:
 * back off by yourself.
 */
export function afterClose(code: number, reason: string): AfterClose {
  if (code === CloseCode.sessionEnded) return { action: 'stop', why: 'signed_out' }
  if (code === CloseCode.forbidden) return { action: 'stop', why: 'forbidden' }
  if (code === CloseCode.policyViolation || code === CloseCode.badUtf8 || code === CloseCode.tooBig) {
    return { action: 'stop', why: 'protocol' }
  }
  const asked = /^retry=(\d{1,6})$/.exec(reason)
  return { action: 'retry', delayMs: code === CloseCode.serviceRestart && asked ? Number(asked[1]) : null }
}
