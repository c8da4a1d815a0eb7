import { CloseCode } from '../../protocol/close-codes.js'
import type { Connection } from './connection.js'

/** ms to answer a ping if nothing was written after it */
const PONG_MS = 10_000
/** ms for which the kernel may accept none of the pending bytes */
const STALLED_MS = 30_000

/**
 * Pings idle connections every `heartbeatMs` and ends dead ones; called each second. A slow reader is not dead: while
 * bytes are pending, or reading is paused, the pong's timeout doesn't run, writes after the ping extend it to 30 s, and the connection is
 * closed only when the kernel accepts nothing for 30 s.
 */
export function keepAlive(
  connections: Iterable<Connection>,
  heartbeatMs: number,
  now = performance.now(),
): void {
  for (const connection of connections) {
    if (connection.isStalled(now, STALLED_MS)) {
      connection.close(CloseCode.tryAgainLater, 'read timeout')
    } else if (connection.awaitsPong) {
      const allowed = connection.wroteSincePing ? STALLED_MS : PONG_MS
      // the ping may be queued behind the pending bytes, and the pong behind messages that this node does not read yet
      if (connection.pendingBytes > 0 || connection.isReadingPaused) connection.pingedAt = now
      else if (now - connection.pingedAt > allowed) connection.terminate()
    } else if (connection.pendingBytes === 0 && now - connection.pingedAt >= heartbeatMs) {
      connection.ping(now)
    }
  }
}
