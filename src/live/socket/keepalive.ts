import { CloseCode } from '../../protocol/close-codes.js'
import type { Connection } from './connection.js'

/** ms that a ping may stay unanswered when nothing else went out */
const PONG_MS = 10_000
/** ms that a peer may take nothing at all of what waits for it */
const STALLED_MS = 30_000

/**
 * Finds the dead among the connections; called each second. A ping goes out each `heartbeatMs`. A slow reader is not
 * dead: while bytes wait for it no ping is judged, what went out after one gives it 30 s, and it is closed only when
 * it has taken nothing at all for 30 s.
 */
export function keepAlive(
  connections: Iterable<Connection>,
  heartbeatMs: number,
  now = performance.now(),
): void {
  for (const connection of connections) {
    if (connection.isStalled(now, STALLED_MS)) {
      connection.close(CloseCode.tryAgainLater, 'took nothing for too long')
    } else if (connection.awaitsPong) {
      const allowed = connection.wroteSincePing ? STALLED_MS : PONG_MS
      // the ping may lie behind what waits: its time begins when that has gone
      if (connection.pendingBytes > 0) connection.pingedAt = now
      else if (now - connection.pingedAt > allowed) connection.terminate()
    } else if (connection.pendingBytes === 0 && now - connection.pingedAt >= heartbeatMs) {
      connection.ping(now)
    }
  }
}
