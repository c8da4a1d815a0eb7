import { CloseCode } from './close-codes.js'
import type { Connection } from './connection.js'

/** ms that a ping may stay unanswered */
const PONG_MS = 10_000
/** ms that a peer may take nothing at all of what waits for it */
const STALLED_MS = 30_000

/**
 * Finds the dead among the connections; called each second. A ping goes out each `heartbeatMs`; while bytes wait
 * for a slow reader no ping is judged (it would wait behind them): such a reader is closed only when it has taken
 * nothing at all for 30 s.
 */
export function keepAlive(
  connections: Iterable<Connection>,
  heartbeatMs: number,
  now = performance.now(),
): void {
  for (const connection of connections) {
    if (connection.isStalled(now, STALLED_MS)) {
      connection.close(CloseCode.tryAgainLater, 'took nothing for too long')
    } else if (connection.pendingBytes === 0) {
      if (connection.awaitsPong) {
        if (now - connection.pingedAt > PONG_MS) connection.terminate()
      } else if (now - connection.pingedAt >= heartbeatMs) connection.ping(now)
    }
  }
}
