import { type Queryable, rawClientOf } from '../database/client.js'
import { DomainError } from '../errors.js'
import { type ActionContext, commitRaw, type Outcome } from '../events/commit.js'
import { lockCharge, recordLocked } from './ledger.js'
import type { LedgerSettings, OpenedIssue } from './settlement.js'
import { readWebhook, type WebhookBody, webhookId } from './webhook-body.js'
import { isSignedWith } from './webhook-signature.js'

/** A webhook as received; the signature covers the bytes of the body. */
export interface RawWebhook {
  rawBody: Buffer
  signature: string | undefined
  eventId: string | undefined
}

export interface WebhookSettings extends LedgerSettings {
  /** current secret first; a provider repeats old webhooks under the old one */
  secrets: readonly string[]
}

export interface WebhookResult {
  /** `unchanged`: valid, but known or without effect; `ignored`: not a kind of event that is acted on */
  outcome: 'applied' | 'unchanged' | 'repeated' | 'ignored' | 'error'
  /** what a person must look at, for the log */
  issues: OpenedIssue[]
  /** refunds to request from the provider */
  requests: number[]
  /** why it could only be stored */
  error?: unknown
}

/**
 * Stores a payment provider's webhook and applies it, once per event id. Everything that is signed is accepted: a provider
 * that meets refusals stops sending. Throws 400 `invalid_signature`, and whatever the database throws when it cannot
 * store the webhook.
 */
export async function applyWebhook(
  ctx: ActionContext,
  settings: WebhookSettings,
  { rawBody, signature, eventId }: RawWebhook,
): Promise<WebhookResult> {
  if (!settings.secrets.some((secret) => isSignedWith(rawBody, signature, secret))) {
    throw new DomainError(400, 'invalid_signature', 'The signature does not match the body.')
  }
  const webhook = readWebhook(rawBody)
  const row: WebhookRow = { id: webhookId(eventId, rawBody), body: rawBody, name: webhook.name }
  try {
    return await retry(() => commitRaw(ctx, (tx) => storeAndApply(tx, row, webhook, settings)))
  } catch (error) {
    // a fault of ours must not lose it: a job applies it later
    await ctx.db.$executeRaw`
      INSERT INTO payment_webhooks (id, body, name, outcome) VALUES (${row.id}, ${row.body}, ${row.name}, 'error')
      ON CONFLICT (id) DO NOTHING`
    return { outcome: 'error', issues: [], requests: [], error }
  }
}

/** days for which a webhook that could only be stored is applied again */
export const APPLIED_DAYS = 5

/**
 * Applies webhooks that could only be stored, at most `limit`. Returns what they led to. In any order, so that those which
 * never can be applied don't keep the others waiting.
 */
export async function applyStored(
  ctx: ActionContext,
  settings: LedgerSettings,
  limit = 20,
): Promise<WebhookResult[]> {
  const rows = await rawClientOf(ctx.db).$queryRaw<{ id: string; body: Uint8Array; name: string | null }[]>`
    SELECT id, body, name FROM payment_webhooks
    WHERE outcome = 'error' AND received_at > now() - make_interval(days => ${APPLIED_DAYS}::int)
    ORDER BY random() LIMIT ${limit}::int`
  const results: WebhookResult[] = []
  for (const { id, body, name } of rows) {
    const rawBody = Buffer.from(body)
    const row = { id, body: rawBody, name }
    const apply = commitRaw(ctx, (tx) => storeAndApply(tx, row, readWebhook(rawBody), settings))
    results.push(await apply.catch((error) => ({ outcome: 'error', issues: [], requests: [], error })))
  }
  return results
}

const TRIES = 3
/** ms; the provider waits for 5 s */
const RETRY_MS = 1000

/** A deadlock or a lost connection is often gone at once. */
async function retry<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === TRIES || performance.now() - began > RETRY_MS) throw error
    }
  }
}

interface WebhookRow {
  id: string
  body: Buffer
  name: string | null
}

async function storeAndApply(
  tx: Queryable,
  row: WebhookRow,
  { report }: WebhookBody,
  settings: LedgerSettings,
): Promise<Outcome<WebhookResult>> {
  // one that could only be stored is applied when it is repeated
  const stored = await tx.$queryRaw<unknown[]>`
    WITH stored AS (
      INSERT INTO payment_webhooks AS w (id, body, name, outcome)
      VALUES (${row.id}, ${row.body}, ${row.name}, ${report ? 'applied' : 'ignored'})
      ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome WHERE w.outcome = 'error'
      RETURNING id)
    SELECT stored.id, ${lockCharge(report)} FROM stored`
  if (stored.length === 0) return { result: { outcome: 'repeated', issues: [], requests: [] } }
  if (!report) return { result: { outcome: 'ignored', issues: [], requests: [] } }
  const { changed, events, issues, requests } = await recordLocked(tx, report, settings)
  if (changed) return { result: { outcome: 'applied', issues, requests }, events }
  await tx.$executeRaw`UPDATE payment_webhooks SET outcome = 'unchanged' WHERE id = ${row.id}`
  return { result: { outcome: 'unchanged', issues, requests }, events }
}
