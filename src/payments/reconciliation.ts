import { type Database, Prisma } from '../database/client.js'
import { type ActionContext, commit, type Outcome } from '../events/commit.js'
import { type Facts, type ProviderCharge, type Recorded, recordFacts } from './ledger.js'
import { type RefundTools, sendDueRefunds } from './refund-actions.js'

// Asks the provider about what its webhooks may not have told, and applies the answers as if they had: lost webhooks,
// refunds made in the provider's dashboard, requests whose outcome is unknown.

/** Something that the provider's books had and ours did not. */
export interface Difference {
  what: 'capture' | 'failure' | 'refund'
  /** the provider's id */
  id: string
  /** paise */
  amount: number
}

export interface ReconcileOptions {
  /** charges made since then are compared; null: only what is due is asked about */
  since: Date | null
  /** also asks about payments that are not due yet */
  all?: boolean
}

/** days after which the provider is not asked about a payment any more */
const CHECKED_DAYS = 5
const BATCH = 50
const COMPARED_AT_ONCE = 100

/** Compares our books with the provider's, applies what differs and returns it. Throws when the provider is down. */
export async function reconcile(
  ctx: ActionContext,
  tools: RefundTools,
  { since, all = false }: ReconcileOptions,
): Promise<Difference[]> {
  const differences: Difference[] = []
  const apply = createApply(ctx, tools, differences)
  await sendDueRefunds(ctx, tools)
  await checkPayments(ctx.db, tools, apply, all ? since : null)
  await checkRefunds(ctx.db, tools, apply, all)
  if (since) await compareCharges(ctx.db, tools, apply, since)
  return differences
}

type Apply = (facts: Facts, difference: Difference) => Promise<void>

function createApply(ctx: ActionContext, tools: RefundTools, differences: Difference[]): Apply {
  return async (facts, difference) => {
    const recorded = await commit(ctx, async (tx): Promise<Outcome<Recorded>> => {
      const result = await recordFacts(tx, facts, tools.settings)
      return { result, events: result.events }
    })
    if (!recorded.changed) return
    differences.push(difference)
    for (const issue of recorded.issues) tools.onIssue(issue)
    if (recorded.requests.length > 0) await sendDueRefunds(ctx, tools)
  }
}

/** Payments whose webhook may have been lost: a paid one of a live order has nothing left to tell. */
const inQuestion = Prisma.sql`(p.status IN ('pending', 'failed') OR o.status = 'cancelled')`

/** Asks about each payment in question, ever more seldom, for five days; with `since` about all made since then. */
async function checkPayments(
  db: Database,
  tools: RefundTools,
  apply: Apply,
  since: Date | null,
): Promise<void> {
  const check = async ({ id }: { id: string }) => applyCharges(await tools.provider.chargesOf(id), apply)
  if (since) {
    const all = await db.$queryRaw<{ id: string }[]>`
      SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id
      WHERE ${inQuestion} AND p.created_at >= ${since} ORDER BY p.created_at`
    for (const payment of all) await check(payment)
    return
  }
  for (;;) {
    // moved before it is asked, so that one whose check fails waits: 15 min after its start, 30, 1 h … 1 day
    const due = await db.$queryRaw<{ id: string }[]>`
      UPDATE payments SET checks = checks + 1, check_at = CASE
        WHEN created_at < now() - make_interval(days => ${CHECKED_DAYS}::int) THEN NULL
        ELSE now() + least(make_interval(mins => 15) * power(2, least(checks, 7)), make_interval(days => 1)) END
      WHERE id IN (
        SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.check_at <= now() AND ${inQuestion}
        ORDER BY p.check_at LIMIT ${BATCH}::int FOR UPDATE OF p SKIP LOCKED)
      RETURNING id`
    for (const payment of due) await check(payment)
    if (due.length < BATCH) return
  }
}

async function applyCharges(charges: readonly ProviderCharge[], apply: Apply): Promise<void> {
  // captures first: a payment with a failed and a captured attempt is paid
  const captured = charges.filter(({ state }) => state === 'captured')
  const failed = charges.filter(({ state }) => state === 'failed')
  for (const charge of captured) await apply({ charge, refund: null }, differenceOf(charge, 'capture'))
  for (const charge of failed) await apply({ charge, refund: null }, differenceOf(charge, 'failure'))
}

const differenceOf = ({ id, paymentId, amount }: ProviderCharge, what: Difference['what']): Difference => ({
  what,
  id: id ?? paymentId ?? 'unnamed',
  amount,
})

/** Asks about refunds that the provider has accepted and not finished. */
async function checkRefunds(db: Database, tools: RefundTools, apply: Apply, all: boolean): Promise<void> {
  const open = await db.$queryRaw<{ chargeId: string }[]>`
    UPDATE refunds SET tries = tries + 1,
      next_try_at = now() + least(make_interval(mins => 15) * power(2, least(tries, 7)), make_interval(days => 1))
    WHERE status = 'pending' AND (next_try_at <= now() OR ${all}) RETURNING capture_id AS "chargeId"`
  for (const chargeId of new Set(open.map((refund) => refund.chargeId))) {
    await applyRefunds(chargeId, tools, apply)
  }
}

async function applyRefunds(chargeId: string, { provider }: RefundTools, apply: Apply): Promise<void> {
  for (const refund of await provider.refundsOf(chargeId)) {
    await apply({ charge: null, refund }, { what: 'refund', id: refund.id, amount: refund.amount })
  }
}

/** Compares all charges since a time with ours: captures that we don't know, refunds made without us. */
async function compareCharges(db: Database, tools: RefundTools, apply: Apply, since: Date): Promise<void> {
  let batch: (ProviderCharge & { refunded: number })[] = []
  const compare = async () => {
    const ids = batch.flatMap(({ id }) => id ?? [])
    const known = await db.$queryRaw<{ id: string; refunded: number }[]>`
      SELECT c.id, coalesce(sum(r.amount), 0)::float8 AS refunded FROM captures c
      LEFT JOIN refunds r ON r.capture_id = c.id AND r.status = 'processed'
      WHERE c.id = ANY(${ids}::text[]) GROUP BY c.id`
    const refundedOf = new Map(known.map(({ id, refunded }) => [id, refunded]))
    for (const charge of batch) {
      if (charge.id === null || charge.state !== 'captured') continue
      const ours = refundedOf.get(charge.id)
      if (ours === undefined) await apply({ charge, refund: null }, differenceOf(charge, 'capture'))
      if (charge.refunded > (ours ?? 0)) await applyRefunds(charge.id, tools, apply)
    }
    batch = []
  }
  for await (const charge of tools.provider.chargesSince(since)) {
    batch.push(charge)
    if (batch.length === COMPARED_AT_ONCE) await compare()
  }
  await compare()
}
