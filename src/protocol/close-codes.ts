/**
 * Close codes, shared by the service and the pages. Those below 4000 are from RFC 6455 section 7.4.1 and the IANA
 * registry; 4401 and 4403 mirror HTTP's 401 and 403.
 */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  /** a frame that violates RFC 6455 */
  protocolError: 1002,
  badUtf8: 1007,
  /** five invalid or unknown messages */
  policyViolation: 1008,
  tooBig: 1009,
  /** the node restarts, or the client must reconnect; the reason is `retry=N`: reconnect after N ms */
  serviceRestart: 1012,
  /** the client read nothing for too long: reconnect and resume */
  tryAgainLater: 1013,
  /** the session has ended: sign in again */
  sessionEnded: 4401,
  /** the user has no access to any of the socket's groups */
  forbidden: 4403,
} as const

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

/** What a client should do after a close: reconnect, or stop and show the reason. */
export type AfterClose =
  | { action: 'retry'; delayMs: number | null }
  | { action: 'stop'; why: 'signed_out' | 'forbidden' | 'protocol' }

/** Interprets a close frame. `delayMs` is the delay that the server asked for, or null: use the client's own backoff. */
export function afterClose(code: number, reason: string): AfterClose {
  if (code === CloseCode.sessionEnded) return { action: 'stop', why: 'signed_out' }
  if (code === CloseCode.forbidden) return { action: 'stop', why: 'forbidden' }
  if (code === CloseCode.policyViolation || code === CloseCode.badUtf8 || code === CloseCode.tooBig) {
    return { action: 'stop', why: 'protocol' }
  }
  const asked = /^retry=(\d{1,6})$/.exec(reason)
  return { action: 'retry', delayMs: code === CloseCode.serviceRestart && asked ? Number(asked[1]) : null }
}
