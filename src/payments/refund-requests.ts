import { Prisma, rawClientOf } from '../database/client.js'
import { type ActionContext, commit } from '../events/commit.js'
import { nextTry } from './back-off.js'
import { chargeIdOf, recordReport } from './ledger.js'
import { type PaymentProvider, ProviderRefused } from './provider.js'
import { type LedgerSettings, type OpenedIssue, settleOrder } from './settlement.js'

// Sends stored refunds to the provider. A request is stored before it is sent, and keeps its key: however often it is
// sent, it is one refund.

/** What refunds need besides the database. */
export interface RefundTools {
  provider: PaymentProvider
  settings: LedgerSettings
  /** is called with each issue that was opened, for the log */
  onIssue(issue: OpenedIssue): void
}

/** What became of a request: `sent` also if it had been sent before. */
export type SendOutcome = 'sent' | 'unknown' | ProviderRefused

interface StoredRequest {
  captureId: string
  amount: number
  key: string
  orderId: number
  status: string
}

/** Sends a stored request to the provider, unless it was. A failure of the provider is never thrown. */
export async function sendRefund(ctx: ActionContext, tools: RefundTools, id: number): Promise<SendOutcome> {
  const [row] = await ctx.db.$queryRaw<StoredRequest[]>`
    SELECT capture_id AS "captureId", amount::float8 AS amount, key, order_id AS "orderId", status::text AS status
    FROM refunds WHERE id = ${id}::int AND key IS NOT NULL`
  if (row?.status === 'failed') return new ProviderRefused('this refund failed before; ask for another one.')
  if (row?.status !== 'requested') return 'sent'
  const { provider, settings, onIssue } = tools
  let answer: Awaited<ReturnType<PaymentProvider['refund']>>
  try {
    answer = await provider.refund({ ...row, chargeId: chargeIdOf(row.captureId) })
  } catch (error) {
    if (!(error instanceof ProviderRefused)) return 'unknown'
    for (const issue of await storeRefusal(ctx, settings, row.orderId, id)) onIssue(issue)
    return error
  }
  if (answer === null) return 'sent'
  const { issues } = await recordReport(ctx, { charge: null, refund: answer }, settings)
  for (const issue of issues) onIssue(issue)
  return 'sent'
}

function storeRefusal(
  ctx: ActionContext,
  settings: LedgerSettings,
  orderId: number,
  id: number,
): Promise<OpenedIssue[]> {
  return commit(ctx, async (tx) => {
    await tx.$queryRaw`SELECT id FROM orders WHERE id = ${orderId}::int FOR NO KEY UPDATE`
    await tx.$executeRaw`
      UPDATE refunds SET status = 'failed', failed_at = now() WHERE id = ${id}::int AND status = 'requested' AND provider_id IS NULL`
    const { events, issues } = await settleOrder(tx, orderId, settings)
    return { result: issues, events }
  })
}

/** 1 min, 2, 4 … up to 6 hours */
const SENDING = { firstMinutes: 1, maxHours: 6 }
const BATCH = 20

/**
 * Sends the requests that wait: the service's own, and those whose outcome was unknown. Stops at `signal`. Returns how many
 * it tried.
 */
export async function sendDueRefunds(
  ctx: ActionContext,
  tools: RefundTools,
  signal?: AbortSignal,
): Promise<number> {
  // claimed by moving the next try, so that nodes don't send the same ones
  const due = await rawClientOf(ctx.db).$queryRaw<{ id: number }[]>`
    UPDATE refunds SET tries = tries + 1,
      next_try_at = ${nextTry(Prisma.sql`tries`, SENDING)}
    WHERE id IN (SELECT id FROM refunds WHERE status = 'requested' AND next_try_at <= now()
      ORDER BY next_try_at LIMIT ${BATCH}::int FOR UPDATE SKIP LOCKED)
    RETURNING id`
  for (const { id } of due) {
    if (signal?.aborted) break
    await sendRefund(ctx, tools, id)
  }
  return due.length
}
