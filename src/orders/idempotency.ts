import { createHash } from 'node:crypto'
import type { Transaction } from '../database/client.js'
import { DomainError } from '../errors.js'
import { readOrder } from './order-record.js'
import { viewOrder } from './order-view.js'

/** A request with an `Idempotency-Key`; keys are scoped to a session. */
export interface KeyedRequest {
  sessionId: string
  key: string
  bodyHash: Uint8Array<ArrayBuffer>
}

/** SHA-256 of a request's contents. Equal requests must give equal JSON. */
export function hashRequest(canonical: unknown): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(JSON.stringify(canonical)).digest())
}

/** Separates these advisory locks from other two-key ones. */
const LOCK_CLASS = 7_310_030

/**
 * The order that an earlier request with this key created, or null. Takes an advisory lock on the key until the
 * commit, so that the second of two concurrent requests finds the first one's order. The lock precedes those of
 * orders, and only requests with keys take it, so it can't be part of a deadlock. Throws 422 `idempotency_key_reused`
 * with the earlier order when that request had other contents.
 */
export async function findEarlier(
  tx: Transaction,
  { sessionId, key, bodyHash }: KeyedRequest,
): Promise<number | null> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(${LOCK_CLASS}::int, hashtext(${`${sessionId} ${key}`}))`
  // a separate statement, to see what was committed while this one waited for the lock
  const earlier = await tx.idempotencyKey.findUnique({
    where: { sessionId_key: { sessionId, key } },
    select: { orderId: true, bodyHash: true },
  })
  if (!earlier) return null
  if (Buffer.compare(earlier.bodyHash, bodyHash) !== 0) {
    throw new DomainError(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another order: use a new key for a new order.',
      { body: { order: viewOrder(await readOrder(tx, earlier.orderId)) } },
    )
  }
  return earlier.orderId
}

/** Stores which order the request with this key created. */
export async function rememberKey(
  tx: Transaction,
  { sessionId, key, bodyHash }: KeyedRequest,
  orderId: number,
): Promise<void> {
  await tx.idempotencyKey.create({ data: { sessionId, key, bodyHash, orderId }, select: { orderId: true } })
}
