import type { PaymentMethod } from '../protocol/views.js'
import { type OrderMoney, refundableOf } from './order-money.js'

/** A part of a refund that comes from one capture. */
export interface Share {
  captureId: string
  method: PaymentMethod
  /** paise */
  amount: number
}

/**
 * Which captures a refund comes from; no shares if there is not as much. The paying capture comes first, unless the amount
 * is exactly what is left of another one: that is a second payment that a manager gives back. `wanted` null: all that is left.
 */
export function allocateRefund(
  { captures, refunds }: OrderMoney,
  wanted: number | null,
): { shares: Share[]; left: number } {
  const open = captures
    .filter(({ currency }) => currency === 'INR')
    .map((capture) => ({ ...capture, left: refundableOf(capture, refunds) }))
    .filter(({ left }) => left > 0)
  const left = open.reduce((total, capture) => total + capture.left, 0)
  if (wanted !== null && wanted > left) return { shares: [], left }
  const exact = open.find(({ kind, left }) => kind !== 'paying' && left === wanted)
  const ordered = exact
    ? [exact]
    : open.toSorted((a, b) => Number(b.kind === 'paying') - Number(a.kind === 'paying'))
  let rest = wanted ?? left
  const shares: Share[] = []
  for (const capture of ordered) {
    const amount = Math.min(capture.left, rest)
    if (amount > 0) shares.push({ captureId: capture.id, method: capture.method, amount })
    rest -= amount
  }
  return { shares, left }
}
