import { useState } from 'preact/hooks'
import { ApiError, api } from '../lib/api.js'
import type { OrderView } from '../lib/views.js'
import { f, s } from '../strings/language.js'
import { Problem } from '../ui/problem.js'

/** The payment's state, with a button to pay (again) whenever that is possible. */
export function PaymentBox({ order, onStale }: { order: OrderView; onStale(): void }) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const { paymentStatus, paymentMethod, status } = order
  const amount = f.money(order.total)

  async function pay(): Promise<void> {
    setBusy(true)
    setError(null)
    try {
      location.assign((await api.startPayment(order.id)).checkoutUrl)
    } catch (problem) {
      setBusy(false)
      // Already paid or cancelled: this page is out of date.
      if (problem instanceof ApiError && problem.status === 409) onStale()
      else setError(problem)
    }
  }

  const canPay = paymentMethod === 'online' && status === 'placed' && paymentStatus !== 'paid'
  const text =
    status === 'cancelled' && paymentStatus === 'paid'
      ? s.order.paidButCancelled
      : paymentMethod === 'cash' && paymentStatus === 'pending'
        ? s.order.cashDue(amount)
        : s.order.payment[paymentStatus]
  // A cancelled order that was never paid needs no payment box.
  if (status === 'cancelled' && paymentStatus !== 'paid' && paymentStatus !== 'refunded') return null
  return (
    <section class="payment" data-payment-status={paymentStatus} aria-label={s.order.paymentTitle}>
      <p class="payment-text">{text}</p>
      <Problem error={error} />
      {canPay && (
        <>
          <button
            type="button"
            class="primary wide"
            data-action="pay"
            disabled={busy}
            onClick={() => void pay()}
          >
            {busy
              ? s.order.openingPayment
              : paymentStatus === 'failed'
                ? s.order.payAgain(amount)
                : s.order.payNow(amount)}
          </button>
          {paymentStatus === 'pending' && <p class="quiet small">{s.order.paidAlready}</p>}
        </>
      )}
    </section>
  )
}
