import { randomInt } from 'node:crypto'
import { CloseCode } from '../protocol/close-codes.js'
import type { Hub } from './hub.js'

/** ms over which clients are told to come back, at the least, and per client */
const MIN_RETRY_MS = 500
const RETRY_MS_PER_CLIENT = 1
const MAX_RETRY_MS = 10_000
const STEP_MS = 20
/** ms that peers have to answer the close frame, however short the drain */
const MIN_WAIT_MS = 250
/** ms of a drain that are left to the last ones closed */
const LAST_ANSWERS_MS = 1000

const step = () => new Promise((resolve) => setTimeout(resolve, STEP_MS))

/**
 * Closes all sockets of a node that stops, evenly over `ms` (but for a last second), each told when to come back, so that the other
 * nodes are not met by all at once. Resolves when all have gone, or after `ms`, when the rest is cut.
 */
export async function drain(hub: Hub, ms: number): Promise<void> {
  const waiting = [...hub.connections]
  const spread = Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, waiting.length * RETRY_MS_PER_CLIENT))
  const startedAt = performance.now()
  const closeFor = Math.max(ms / 2, ms - LAST_ANSWERS_MS)
  const total = waiting.length
  while (waiting.length > 0) {
    const elapsed = performance.now() - startedAt
    const due = elapsed >= closeFor ? total : Math.max(1, Math.ceil((elapsed / closeFor) * total))
    while (total - waiting.length < due) {
      waiting.pop()?.close(CloseCode.serviceRestart, `retry=${randomInt(spread)}`)
    }
    if (waiting.length > 0) await step()
  }
  // whoever does not answer the close frame delays nobody beyond the deadline
  while (hub.lingering.size > 0 && performance.now() - startedAt < Math.max(ms, MIN_WAIT_MS)) await step()
  for (const connection of [...hub.lingering]) connection.terminate()
}
