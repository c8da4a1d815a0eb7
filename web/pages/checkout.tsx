import { useEffect, useState } from 'preact/hooks'
import { ApiError, api } from '../lib/api.js'
import { f, s } from '../lib/i18n.js'
import type { Checkout } from '../lib/shapes.js'
import { explain, FullNote, Problem } from '../ui/parts.js'
import { start } from '../ui/start.js'

const paymentId = decodeURIComponent(/^\/checkout\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

function Pay({ payment, theatreName }: Checkout) {
  const [busy, setBusy] = useState<'pay' | 'fail' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const settled = payment.status === 'paid' || payment.status === 'refunded'

  async function settle(how: 'pay' | 'fail'): Promise<void> {
    setBusy(how)
    setError(null)
    try {
      await api.settle(paymentId, how)
      // The way back must not lead to a payment that is over.
      location.replace(`/orders/${payment.orderId}`)
    } catch (problem) {
      setError(problem)
      setBusy(null)
    }
  }

  return (
    <main class="checkout" data-payment-status={payment.status}>
      <div class="bill">
        <p class="bill-to">{theatreName}</p>
        <h1>
          <span class="aside-voice">{s.checkout.amount} </span>
          {f.money(payment.amount)}
        </h1>
        <p class="quiet">{s.checkout.forOrder(payment.orderId)}</p>
      </div>
      <Problem error={error} />
      {settled ? (
        <p class="note" role="status">
          {s.checkout.settled}
        </p>
      ) : (
        <>
          <button
            type="button"
            class="primary wide"
            data-action="pay"
            disabled={busy !== null}
            onClick={() => void settle('pay')}
          >
            {busy === 'pay' ? s.checkout.paying : s.checkout.pay(f.money(payment.amount))}
          </button>
          <button
            type="button"
            class="wide"
            data-action="fail"
            disabled={busy !== null}
            onClick={() => void settle('fail')}
          >
            {s.checkout.fail}
          </button>
        </>
      )}
      <a class="button wide plain" href={`/orders/${payment.orderId}`}>
        {s.checkout.back}
      </a>
      <p class="quiet small">{s.checkout.simulated}</p>
    </main>
  )
}

function CheckoutPage() {
  const [found, setFound] = useState<Checkout | null>(null)
  const [error, setError] = useState<unknown>(null)
  const read = (): void => void api.checkout(paymentId).then(setFound, setError)
  useEffect(read, [])
  if (found) return <Pay {...found} />
  if (!error) return <FullNote title={s.common.opening} />
  const unknown = error instanceof ApiError && error.status < 500 && error.status > 0
  return (
    <FullNote title={unknown ? s.checkout.unknown : s.errors.cantOpen}>
      <p role="alert">{explain(error)}</p>
      <button type="button" class="primary" onClick={read}>
        {s.common.tryAgain}
      </button>
    </FullNote>
  )
}

void start(CheckoutPage)
