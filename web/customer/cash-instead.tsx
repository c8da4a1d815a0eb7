import { useEffect, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { f, s } from '../strings/language.js'

interface Props {
  order: OrderView
  disabled: boolean
  /** Runs the call and shows what goes wrong. */
  run(call: () => Promise<OrderView>): void
  onBack(): void
}

/** Asks before an order is changed to cash: that starts it, and the customer can't take it back. */
export function CashInstead({ order, disabled, run, onBack }: Props) {
  const text = useRef<HTMLParagraphElement>(null)
  // It replaces the button that had the focus.
  useEffect(() => text.current?.focus(), [])
  return (
    <>
      <p ref={text} tabIndex={-1}>
        {s.order.cashInstead.explain(f.money(order.total))}
      </p>
      <button
        type="button"
        class="primary wide"
        data-action="confirm-cash"
        disabled={disabled}
        onClick={() => run(() => api.payInCash(order.id))}
      >
        {s.order.cashInstead.confirm}
      </button>
      <button type="button" class="wide plain" data-action="not-cash" onClick={onBack}>
        {s.order.cashInstead.back}
      </button>
    </>
  )
}
