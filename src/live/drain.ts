import { randomInt } from 'node:crypto'
import { CloseCode } from '../protocol/close-codes.js'

/** bounds of the ms over which reconnects are spread, and ms per client */
const MIN_RETRY_MS = 500
const RETRY_MS_PER_CLIENT = 1
const MAX_RETRY_MS = 10_000
const STEP_MS = 20
/** minimum ms for peers to answer the close frame, however short the drain */
const MIN_WAIT_MS = 250
/** ms at the end of the drain in which no more sockets are closed: the last ones can still answer */
const ANSWER_MS = 1000

/** What has sockets to close. */
export interface Drainable {
  readonly connections: Iterable<{ close(code: CloseCode, reason: string): void }>
  /** those whose TCP connection is still there, closed ones too */
  readonly lingering: ReadonlySet<{ terminate(): void }>
}

const step = () => new Promise((resolve) => setTimeout(resolve, STEP_MS))

/**
 * Closes all sockets of a stopping node, spread over `ms`, each with a random `retry=N`, so that clients don't reach
 * the other nodes all at once. Resolves when all are closed, or terminates those left after `ms`.
 */
export async function drain(hub: Drainable, ms: number): Promise<void> {
  const open = [...hub.connections]
  const total = open.length
  const spread = Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, total * RETRY_MS_PER_CLIENT))
  const startedAt = performance.now()
  const closeFor = Math.max(ms / 2, ms - ANSWER_MS)
  while (open.length > 0) {
    const elapsed = performance.now() - startedAt
    const due = elapsed >= closeFor ? total : Math.max(1, Math.ceil((elapsed / closeFor) * total))
    while (total - open.length < due) {
      open.pop()?.close(CloseCode.serviceRestart, `retry=${randomInt(spread)}`)
    }
    if (open.length > 0) await step()
  }
  while (hub.lingering.size > 0 && performance.now() - startedAt < Math.max(ms, MIN_WAIT_MS)) await step()
  for (const connection of [...hub.lingering]) connection.terminate()
}
