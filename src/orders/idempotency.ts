import { createHash } from 'node:crypto'
import type { Transaction } from '../database/client.js'
import { DomainError } from '../errors.js'

/** A key that the caller gave with a request, and what the request asked for. */
export interface KeyedRequest {
  sessionId: string
  key: string
  bodyHash: Uint8Array<ArrayBuffer>
}

/** SHA-256 of what a request asks for; the value is canonical JSON already (members in one order). */
export function hashRequest(canonical: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(JSON.stringify(canonical)).digest())
}

/** Separates these advisory locks from others of the two-number kind. */
const LOCK_CLASS = 7_310_030

/**
 * The order that an earlier request with this key made, or null. Holds the key to the commit, so that of two
 * requests at once the later finds the earlier one's order. It is taken before the locks of orders and seats, and
 * only by requests with keys, so it is in no cycle. Throws 422 `idempotency_key_reused` when the earlier request asked for
 * something else.
 */
export async function findEarlier(
  tx: Transaction,
  { sessionId, key, bodyHash }: KeyedRequest,
): Promise<number | null> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(${LOCK_CLASS}::int, hashtext(${`${sessionId} ${key}`}))`
  // a statement of its own: it has to see what committed while the lock was awaited
  const earlier = await tx.idempotencyKey.findUnique({
    where: { sessionId_key: { sessionId, key } },
    select: { orderId: true, bodyHash: true },
  })
  if (!earlier) return null
  if (Buffer.compare(earlier.bodyHash, bodyHash) !== 0) {
    throw new DomainError(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another order: take a new key for a new order.',
    )
  }
  return earlier.orderId
}

/** Remembers which order the key made. */
export async function rememberKey(
  tx: Transaction,
  { sessionId, key, bodyHash }: KeyedRequest,
  orderId: number,
): Promise<void> {
  await tx.idempotencyKey.create({ data: { sessionId, key, bodyHash, orderId }, select: { orderId: true } })
}
