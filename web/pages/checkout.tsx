import { useEffect, useState } from 'preact/hooks'
import type { CheckoutView } from '../../src/protocol/views.js'
import { type CheckoutState, closedStateOf } from '../customer/checkout-state.js'
import { openRazorpay } from '../customer/razorpay.js'
import { awaitsConfirmation, rememberReported } from '../customer/reported-payment.js'
import { ApiError, api } from '../lib/api.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s } from '../strings/language.js'
import { CantOpen, explain, PageMessage, Problem } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const paymentId = decodeURIComponent(/^\/checkout\/([^/]+)/.exec(location.pathname)?.[1] ?? '')

/** Replaces the history entry: Back must not lead to a settled payment. */
function goToOrder(orderId: number): void {
  location.replace(`/orders/${orderId}`)
}

interface Found {
  checkout: CheckoutView
  state: CheckoutState
}

/** The payment, and whether it can be made: its order may have been paid or cancelled meanwhile. */
async function load(): Promise<Found> {
  const checkout = await api.checkout(paymentId)
  const { orderId, status } = checkout.payment
  if (!checkout.payable) return { checkout, state: closedStateOf(await api.order(orderId)) }
  const order = { id: orderId, paymentStatus: status === 'failed' ? 'failed' : 'pending' } as const
  return { checkout, state: awaitsConfirmation(order) ? 'confirming' : 'payable' }
}

interface ButtonsProps extends CheckoutView {
  /** Asks the service again whether the order can be paid; if not, the page says so. */
  isPayable(): Promise<boolean>
}

function SimulatedButtons({ payment, isPayable }: ButtonsProps) {
  const [busy, setBusy] = useState<'pay' | 'fail' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const amount = f.money(payment.amount)

  async function settle(outcome: 'pay' | 'fail'): Promise<void> {
    setBusy(outcome)
    setError(null)
    try {
      if (!(await isPayable())) return
      await api.settleSimulated(paymentId, outcome)
      if (outcome === 'pay') rememberReported(payment.orderId)
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

function RazorpayButton({
  payment: { id, amount, orderId },
  theatreName,
  publicKey,
  isPayable,
}: ButtonsProps & { publicKey: string }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function open(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      if (!(await isPayable())) return
      const form = { id, amount, publicKey, theatreName }
      const outcome = await openRazorpay(form).catch(() => 'unreachable' as const)
      if (outcome === 'done') {
        rememberReported(orderId)
        return goToOrder(orderId)
      }
      setProblem(outcome === 'closed' ? s.checkout.closed : s.checkout.notLoaded)
    } catch (error) {
      setProblem(error)
    }
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
        {busy ? s.checkout.paying : s.checkout.open(f.money(amount))}
      </button>
    </>
  )
}

function PaymentButtons({ checkout, onLoaded }: { checkout: CheckoutView; onLoaded(found: Found): void }) {
  async function isPayable(): Promise<boolean> {
    const now = await load()
    onLoaded(now)
    return now.state === 'payable'
  }
  const { payment, publicKey } = checkout
  return (
    <>
      {payment.status === 'failed' && <p class="note">{s.checkout.failed}</p>}
      {payment.provider === 'simulated' || publicKey === null ? (
        <SimulatedButtons {...checkout} isPayable={isPayable} />
      ) : (
        <RazorpayButton {...checkout} publicKey={publicKey} isPayable={isPayable} />
      )}
    </>
  )
}

function Bill({ found, onLoaded }: { found: Found; onLoaded(found: Found): void }) {
  const { checkout, state } = found
  const { payment, theatreName } = checkout
  return (
    <main class="checkout" data-payment-status={payment.status} data-checkout={state}>
      <div class="bill">
        <p class="bill-to">{theatreName}</p>
        <h1>
          <span class="visually-hidden">{s.checkout.amount} </span>
          {f.money(payment.amount)}
        </h1>
        <p class="quiet">{s.checkout.forOrder(payment.orderId)}</p>
      </div>
      {state === 'payable' ? (
        <PaymentButtons checkout={checkout} onLoaded={onLoaded} />
      ) : (
        <p class="note" role="status">
          {s.checkout.closedTo[state]}
        </p>
      )}
      <a class="button wide plain" href={`/orders/${payment.orderId}`}>
        {s.checkout.back}
      </a>
      {payment.provider === 'simulated' && <p class="quiet small">{s.checkout.simulated}</p>}
    </main>
  )
}

function CheckoutPage() {
  const [found, setFound] = useState<Found | null>(null)
  const fetching = useFetch(load, setFound)
  const { error } = fetching
  useEffect(() => {
    // A customer who comes back to this page after a while must not find an old bill.
    const onShow = (event: Event): void => {
      const isBack = event instanceof PageTransitionEvent ? event.persisted : !document.hidden
      if (isBack) fetching.reload()
    }
    addEventListener('pageshow', onShow)
    document.addEventListener('visibilitychange', onShow)
    return () => {
      removeEventListener('pageshow', onShow)
      document.removeEventListener('visibilitychange', onShow)
    }
  }, [fetching.reload])
  if (found) return <Bill found={found} onLoaded={setFound} />
  if (!error) return <PageMessage title={s.common.opening} />
  if (!(error instanceof ApiError && error.isRefusal)) return <CantOpen fetching={fetching} />
  return (
    <PageMessage title={s.checkout.notFound}>
      <p role="alert">{explain(error)}</p>
      <button type="button" class="primary" onClick={fetching.reload}>
        {s.common.tryAgain}
      </button>
    </PageMessage>
  )
}

void startPage(CheckoutPage, () => s.order.paymentTitle)
