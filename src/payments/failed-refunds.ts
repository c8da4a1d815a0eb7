export interface Refund {
  id: number
  providerId: string | null
  captureId: string
  /** paise */
  amount: number
  status: 'requested' | 'pending' | 'processed' | 'failed'
  /** ms since 1970: when it was requested, or first reported */
  createdAt: number
  /** ms since 1970: when it was known to have failed; null: it has not */
  failedAt: number | null
}

/** A refund that failed, and the paise of it that no other refund has given back since. */
export type FailedRefund = Refund & { left: number }

/**
 * The failed refunds of one capture whose money has not gone back in another way. Only a refund that was begun once the
 * failure was known replaces it: one that was under way beside it gives back money of its own. Each paisa replaces one
 * failure only.
 */
export function openFailures(refunds: readonly Refund[]): FailedRefund[] {
  const replacements = refunds
    .filter(({ status }) => status === 'processed')
    .toSorted((a, b) => a.createdAt - b.createdAt || a.id - b.id)
    .map(({ createdAt, amount }) => ({ createdAt, unused: amount }))
  return refunds
    .filter(({ status }) => status === 'failed')
    .map((refund) => ({ ...refund, left: refund.amount, since: refund.failedAt ?? refund.createdAt }))
    .toSorted((a, b) => a.since - b.since || a.id - b.id)
    .map(({ since, ...failed }) => {
      for (const replacement of replacements) {
        if (replacement.createdAt < since) continue
        const used = Math.min(replacement.unused, failed.left)
        replacement.unused -= used
        failed.left -= used
      }
      return failed
    })
    .filter(({ left }) => left > 0)
}
