import { type Database, Prisma } from '../database/client.js'
import type { ActionContext } from '../events/commit.js'
import { nextTry } from './back-off.js'
import { chargeIdOf, type ProviderCharge, type ProviderReport, recordReport } from './ledger.js'
import { ProviderRefused } from './provider.js'
import { ProviderCalls } from './provider-calls.js'
import { type RefundTools, sendDueRefunds } from './refund-requests.js'

// Asks the provider about what its webhooks may have missed, and applies the answers in the same way: lost webhooks,
// refunds made in the provider's dashboard, requests whose outcome is unknown. One process at a time.

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
  /** also checks payments and refunds that are not due yet */
  all?: boolean
  /** stops between two calls */
  signal?: AbortSignal
  /** is called with each difference once it has been applied, also if a later call fails */
  onDifference?(difference: Difference): void
}

/** days after which the provider is not asked about a payment any more */
const CHECKED_DAYS = 5
/** how often the provider is asked: ever more rarely */
const ASKING = { firstMinutes: 15, maxHours: 24 }
const BATCH = 50
const COMPARED_AT_ONCE = 100

/**
 * Compares our books with the provider's, applies what differs and returns it. A call that the provider fails stops no
 * other; the first such error is thrown at the end, or at once when the provider is down.
 */
export async function reconcile(
  ctx: ActionContext,
  tools: RefundTools,
  options: ReconcileOptions,
): Promise<Difference[]> {
  const run = new Reconciliation(ctx, tools, options)
  await sendDueRefunds(ctx, tools, options.signal)
  if (options.all && options.since) await run.checkPaymentsSince(options.since)
  else await run.checkDuePayments()
  await run.checkRefunds(options.all ?? false)
  if (options.since) await run.compareCharges(options.since)
  run.calls.throwFirst()
  return run.differences
}

/** Payments whose webhook may have been lost: a paid payment of a live order needs no check. */
const unsettled = Prisma.sql`(p.status IN ('pending', 'failed') OR o.status = 'cancelled')`

class Reconciliation {
  readonly differences: Difference[] = []
  readonly calls = new ProviderCalls()
  private readonly db: Database
  private readonly signal: AbortSignal | undefined

  constructor(
    private readonly ctx: ActionContext,
    private readonly tools: RefundTools,
    private readonly options: ReconcileOptions,
  ) {
    this.db = ctx.db
    this.signal = options.signal
  }

  /**
   * Checks each unsettled payment that is due: 15 min after its start, 30, 1 h … every day, for five days. One whose call
   * fails counts as checked if another call succeeds; else all stay due, the unchecked last.
   */
  async checkDuePayments(): Promise<void> {
    const unchecked: string[] = []
    let isProviderUp = false
    try {
      for (;;) {
        const due = await this.db.$queryRaw<{ id: string; checkable: boolean }[]>`
          SELECT p.id, ${unsettled} AND p.provider = ${this.tools.provider.name} AS checkable
          FROM payments p JOIN orders o ON o.id = p.order_id
          WHERE p.check_at <= now() AND p.id <> ALL(${unchecked}::text[]) ORDER BY p.check_at LIMIT ${BATCH}::int`
        for (const { id, checkable } of due) {
          if (this.signal?.aborted) return
          const isChecked = !checkable || (await this.calls.attempt(() => this.checkPayment(id)))
          if (isChecked) await this.markChecked([id])
          else unchecked.push(id)
          isProviderUp ||= checkable && isChecked
        }
        if (due.length < BATCH) return
      }
    } finally {
      if (isProviderUp) await this.markChecked(unchecked)
      else
        await this.db.$executeRaw`UPDATE payments SET check_at = now() WHERE id = ANY(${unchecked}::text[])`
    }
  }

  private async markChecked(ids: readonly string[]): Promise<void> {
    await this.db.$executeRaw`
      UPDATE payments SET checks = checks + 1, check_at = CASE
        WHEN created_at < now() - make_interval(days => ${CHECKED_DAYS}::int) THEN NULL
        ELSE ${nextTry(Prisma.sql`checks`, ASKING)} END
      WHERE id = ANY(${ids}::text[])`
  }

  /** Checks each unsettled payment that was started since then, due or not. */
  async checkPaymentsSince(since: Date): Promise<void> {
    const all = await this.db.$queryRaw<{ id: string }[]>`
      SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id
      WHERE ${unsettled} AND p.provider = ${this.tools.provider.name} AND p.created_at >= ${since}
      ORDER BY p.created_at`
    for (const { id } of all) await this.calls.attempt(() => this.checkPayment(id))
  }

  private async checkPayment(id: string): Promise<void> {
    const charges = await known(this.tools.provider.chargesOf(id))
    // captures first: a payment with a failed and a captured attempt is paid
    for (const charge of charges.filter(({ state }) => state === 'captured')) {
      await this.apply({ charge, refund: null }, differenceOf(charge, 'capture'))
    }
    for (const charge of charges.filter(({ state }) => state === 'failed')) {
      await this.apply({ charge, refund: null }, differenceOf(charge, 'failure'))
    }
  }

  /** Asks about refunds that the provider has accepted and not finished. */
  async checkRefunds(all: boolean): Promise<void> {
    const open = await this.db.$queryRaw<{ chargeId: string }[]>`
      UPDATE refunds SET tries = tries + 1,
        next_try_at = ${nextTry(Prisma.sql`tries`, ASKING)}
      WHERE status = 'pending' AND (next_try_at <= now() OR ${all}) RETURNING capture_id AS "chargeId"`
    for (const chargeId of new Set(open.map((refund) => refund.chargeId))) {
      if (this.signal?.aborted) return
      await this.calls.attempt(() => this.applyRefunds(chargeIdOf(chargeId)))
    }
  }

  private async applyRefunds(chargeId: string): Promise<void> {
    for (const refund of await known(this.tools.provider.refundsOf(chargeId))) {
      await this.apply({ charge: null, refund }, { what: 'refund', id: refund.id, amount: refund.amount })
    }
  }

  /** Compares all charges since a time with ours: captures that we don't know, refunds made without us. */
  async compareCharges(since: Date): Promise<void> {
    let batch: ComparedCharge[] = []
    for await (const charge of this.tools.provider.chargesSince(since)) {
      if (this.signal?.aborted) return
      if (charge.state === 'captured') batch.push(charge)
      if (batch.length < COMPARED_AT_ONCE) continue
      await this.compare(batch)
      batch = []
    }
    await this.compare(batch)
  }

  private async compare(charges: readonly ComparedCharge[]): Promise<void> {
    const ids = charges.flatMap(({ id }) => id ?? [])
    const ours = await this.db.$queryRaw<{ id: string; refunded: number }[]>`
      SELECT c.id, coalesce(sum(r.amount), 0)::float8 AS refunded FROM captures c
      LEFT JOIN refunds r ON r.capture_id = c.id AND r.status = 'processed'
      WHERE c.id = ANY(${ids}::text[]) GROUP BY c.id`
    const refundedOf = new Map(ours.map(({ id, refunded }) => [id, refunded]))
    for (const charge of charges) {
      const { id } = charge
      if (id === null) continue
      const isLess = charge.refunded > (refundedOf.get(id) ?? 0)
      if (refundedOf.has(id) && !isLess) continue
      await this.calls.attempt(async () => {
        if (!refundedOf.has(id)) await this.apply({ charge, refund: null }, differenceOf(charge, 'capture'))
        if (isLess) await this.applyRefunds(id)
      })
    }
  }

  private async apply(report: ProviderReport, difference: Difference): Promise<void> {
    const { changed, issues, requests } = await recordReport(this.ctx, report, this.tools.settings)
    if (!changed) return
    this.differences.push(difference)
    this.options.onDifference?.(difference)
    for (const issue of issues) this.tools.onIssue(issue)
    if (requests.length > 0) await sendDueRefunds(this.ctx, this.tools, this.signal)
  }
}

type ComparedCharge = ProviderCharge & { refunded: number }

const differenceOf = ({ id, paymentId, amount }: ProviderCharge, what: Difference['what']): Difference => ({
  what,
  id: id ?? paymentId ?? 'unnamed',
  amount,
})

/** What the provider answers; nothing about an id that it does not know, which must not stop the others. */
async function known<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ProviderRefused) return []
    throw error
  }
}
