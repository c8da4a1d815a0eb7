import { useEffect, useState } from 'preact/hooks'
import { openRazorpay, type RazorpayPayment } from '../customer/razorpay.js'
import { ApiError, api } from '../lib/api.js'
import type { CheckoutView } from '../lib/views.js'
import { f, s } from '../strings/language.js'
import { explain, PageMessage, Problem } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const paymentId = decodeURIComponent(/^\/checkout\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

/** Replaces the history entry: Back must not lead to a settled payment. */
function goToOrder(orderId: number): void {
  location.replace(`/orders/${orderId}`)
}

function SimulatedButtons({ payment }: CheckoutView) {
  const [busy, setBusy] = useState<'pay' | 'fail' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const amount = f.money(payment.amount)

  async function settle(outcome: 'pay' | 'fail'): Promise<void> {
    setBusy(outcome)
    setError(null)
    try {
      await api.settleSimulated(paymentId, outcome)
      goToOrder(payment.orderId)
    } catch (problem) {
      setError(problem)
      setBusy(null)
    }
  }
  const button = (outcome: 'pay' | 'fail', className: string, label: string) => (
    <button
      type="button"
      class={className}
      data-action={outcome}
      disabled={busy !== null}
      onClick={() => void settle(outcome)}
    >
      {label}
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

function RazorpayButton({ orderId, ...payment }: RazorpayPayment & { orderId: number }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)

  async function open(): Promise<void> {
    setBusy(true)
    setProblem(null)
    const outcome = await openRazorpay(payment).catch(() => 'unreachable' as const)
    if (outcome === 'done') return goToOrder(orderId)
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

function PaymentButtons(found: CheckoutView) {
  const { payment, theatreName, publicKey } = found
  if (payment.status === 'paid' || payment.status === 'refunded') {
    return (
      <p class="note" role="status">
        {s.checkout.settled}
      </p>
    )
  }
  if (payment.provider === 'simulated' || publicKey === null) return <SimulatedButtons {...found} />
  const { id, amount, orderId } = payment
  return <RazorpayButton {...{ id, amount, orderId, theatreName, publicKey }} />
}

function Bill(found: CheckoutView) {
  const { payment, theatreName } = found
  return (
    <main class="checkout" data-payment-status={payment.status}>
      <div class="bill">
        <p class="bill-to">{theatreName}</p>
        <h1>
          <span class="visually-hidden">{s.checkout.amount} </span>
          {f.money(payment.amount)}
        </h1>
        <p class="quiet">{s.checkout.forOrder(payment.orderId)}</p>
      </div>
      <PaymentButtons {...found} />
      <a class="button wide plain" href={`/orders/${payment.orderId}`}>
        {s.checkout.back}
      </a>
      {payment.provider === 'simulated' && <p class="quiet small">{s.checkout.simulated}</p>}
    </main>
  )
}

function CheckoutPage() {
  const [found, setFound] = useState<CheckoutView | null>(null)
  const [error, setError] = useState<unknown>(null)
  const load = (): void => void api.checkout(paymentId).then(setFound, setError)
  useEffect(load, [])
  if (found) return <Bill {...found} />
  if (!error) return <PageMessage title={s.common.opening} />
  const unknown = error instanceof ApiError && error.status < 500 && error.status > 0
  return (
    <PageMessage title={unknown ? s.checkout.notFound : s.errors.cantOpen}>
      <p role="alert">{explain(error)}</p>
      <button type="button" class="primary" onClick={load}>
        {s.common.tryAgain}
      </button>
    </PageMessage>
  )
}

void startPage(CheckoutPage, () => s.order.paymentTitle)
