import { useEffect, useRef, useState } from 'preact/hooks'
import { api } from '../lib/api.js'
import type { OrderView } from '../lib/views.js'
import { f, s } from '../strings/language.js'

interface Props {
  order: OrderView
  disabled: boolean
  /** Runs the call and shows what goes wrong. */
  run(call: () => Promise<OrderView>): void
}

/** Pay in cash instead, in two steps: it starts the order, and the customer can't take that back. */
export function CashInstead({ order, disabled, run }: Props) {
  const [isAsking, setAsking] = useState(false)
  const confirm = useRef<HTMLParagraphElement>(null)
  const wasAsking = useRef(false)
  const open = useRef<HTMLButtonElement>(null)
  // The focused button is replaced.
  useEffect(() => {
    if (isAsking) confirm.current?.focus()
    else if (wasAsking.current) open.current?.focus()
    wasAsking.current = isAsking
  }, [isAsking])

  if (!isAsking) {
    return (
      <button
        ref={open}
        type="button"
        class="wide"
        data-action="cash-instead"
        disabled={disabled}
        onClick={() => setAsking(true)}
      >
        {s.order.cashInstead.offer}
      </button>
    )
  }
  return (
    <>
      <p ref={confirm} tabIndex={-1}>
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
      <button type="button" class="wide plain" data-action="not-cash" onClick={() => setAsking(false)}>
        {s.order.cashInstead.back}
      </button>
    </>
  )
}
