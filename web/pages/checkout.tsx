import { useEffect, useState } from 'preact/hooks'
import { openRazorpay, type RealPayment } from '../customer/razorpay.js'
import { ApiError, api } from '../lib/api.js'
import type { Checkout } from '../lib/shapes.js'
import { f, s } from '../strings/language.js'
import { explain, FullNote, Problem } from '../ui/problem.js'
import { start } from '../ui/start-page.js'

const paymentId = decodeURIComponent(/^\/checkout\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

/** The way back must not lead to a payment that is over. */
function leave(orderId: number): void {
  location.replace(`/orders/${orderId}`)
}

function Simulated({ payment }: Checkout) {
  const [busy, setBusy] = useState<'pay' | 'fail' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const amount = f.money(payment.amount)

  async function settle(how: 'pay' | 'fail'): Promise<void> {
    setBusy(how)
    setError(null)
    try {
      await api.settle(paymentId, how)
      leave(payment.orderId)
    } catch (problem) {
      setError(problem)
      setBusy(null)
    }
  }
  const button = (how: 'pay' | 'fail', look: string, name: string) => (
    <button
      type="button"
      class={look}
      data-action={how}
      disabled={busy !== null}
      onClick={() => void settle(how)}
    >
      {name}
    </button>
  )

  return (
    <>
      <Problem error={error} />
      {button('pay', 'primary wide', busy === 'pay' ? s.checkout.paying : s.checkout.pay(amount))}
      {button('fail', 'wide', s.checkout.fail)}
    </>
  )
}

function Real({ orderId, ...payment }: RealPayment & { orderId: number }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)

  async function open(): Promise<void> {
    setBusy(true)
    setProblem(null)
    const outcome = await openRazorpay(payment).catch(() => 'unreachable' as const)
    if (outcome === 'done') return leave(orderId)
    setProblem(outcome === 'closed' ? s.checkout.closed : s.checkout.notLoaded)
    setBusy(false)
  }

  return (
    <>
      <Problem error={problem} />
      <button
        type="button"
        class="primary wide"
        data-action="pay"
        disabled={busy}
        onClick={() => void open()}
      >
        {busy ? s.checkout.paying : s.checkout.open(f.money(payment.amount))}
      </button>
    </>
  )
}

function Ways(found: Checkout) {
  const { payment, theatreName, publicKey } = found
  if (payment.status === 'paid' || payment.status === 'refunded') {
    return (
      <p class="note" role="status">
        {s.checkout.settled}
      </p>
    )
  }
  if (payment.provider === 'simulated' || publicKey === null) return <Simulated {...found} />
  const { id, amount, orderId } = payment
  return <Real {...{ id, amount, orderId, theatreName, publicKey }} />
}

function Bill(found: Checkout) {
  const { payment, theatreName } = found
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
      <Ways {...found} />
      <a class="button wide plain" href={`/orders/${payment.orderId}`}>
        {s.checkout.back}
      </a>
      {payment.provider === 'simulated' && <p class="quiet small">{s.checkout.simulated}</p>}
    </main>
  )
}

function CheckoutPage() {
  const [found, setFound] = useState<Checkout | null>(null)
  const [error, setError] = useState<unknown>(null)
  const read = (): void => void api.checkout(paymentId).then(setFound, setError)
  useEffect(read, [])
  if (found) return <Bill {...found} />
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

void start(CheckoutPage, () => s.order.paymentTitle)
