import { createHash } from 'node:crypto'
import { Prisma, type Queryable } from '../database/client.js'
import { DomainError } from '../errors.js'
import { type OrderRecord, readOrder } from './order-record.js'
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

/** An earlier request with the same key. */
export interface EarlierRequest {
  orderId: number
  /** in hex */
  bodyHash: string
}

/** The session's earlier request with the key, as a JSON expression; null if there is none. */
export function earlierRequest(sessionId: string, key: string | null): Prisma.Sql {
  return Prisma.sql`(
    SELECT json_build_object('orderId', k.order_id, 'bodyHash', encode(k.body_hash, 'hex')) FROM idempotency_keys k
    WHERE k.session_id = ${sessionId}::uuid AND k.key = ${key})`
}

/**
 * The order that the earlier request created. Throws 422 `idempotency_key_reused` with that order when the request had other
 * contents.
 */
export async function repeatEarlier(
  tx: Queryable,
  earlier: EarlierRequest,
  { bodyHash }: KeyedRequest,
): Promise<OrderRecord> {
  const order = await readOrder(tx, earlier.orderId)
  if (earlier.bodyHash === Buffer.from(bodyHash).toString('hex')) return order
  throw new DomainError(
    422,
    'idempotency_key_reused',
    'This Idempotency-Key was used for another order: use a new key for a new order.',
    { body: { order: viewOrder(order) } },
  )
}

/** An INSERT that stores which order, the row `changed`, the request created; it does nothing without a key. */
export function rememberRequest(keyed: KeyedRequest | null): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO idempotency_keys (session_id, key, body_hash, order_id)
    SELECT ${keyed?.sessionId ?? null}::uuid, ${keyed?.key ?? null}, ${keyed?.bodyHash ?? null}::bytea, changed.id
    FROM changed WHERE ${keyed !== null}`
}
