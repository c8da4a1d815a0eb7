import { useEffect, useRef, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import { s } from '../strings/language.js'
import { Problem } from '../ui/problem.js'
import { CashInstead } from './cash-instead.js'
import { paymentText } from './payment-text.js'

interface Props {
  order: OrderView
  confirming: boolean
  /** The service's newer view of the order; null: this page is out of date. */
  onOrder(order: OrderView | null): void
}

/** Refusals that say that the order has changed under this page. */
const OUTDATED = ['already_paid', 'order_cancelled', 'cash_order']

/** The payment's state, with the ways to pay whenever it can be paid. */
export function PaymentBox({ order, confirming, onOrder }: Props) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [isAsking, setAsking] = useState(false)
  const wasAsking = useRef(false)
  const cash = useRef<HTMLButtonElement>(null)
  const { state, texts, pay: label } = paymentText(order, confirming)
  const isUnderReview = error instanceof ApiError && error.code === 'payment_under_review'
  const canPay = label !== null && !isUnderReview

  useEffect(() => {
    if (wasAsking.current && !isAsking) cash.current?.focus()
    wasAsking.current = isAsking
  }, [isAsking])
  useEffect(() => {
    // Back from the checkout: the page is as it was left.
    const onShow = (): void => setBusy(false)
    addEventListener('pageshow', onShow)
    return () => removeEventListener('pageshow', onShow)
  }, [])
  // The order has changed, so the refusal may no longer hold.
  useEffect(() => setError(null), [order])

  async function run(call: () => Promise<void>): Promise<void> {
    setBusy(true)
    setError(null)
    try {
      await call()
    } catch (problem) {
      setBusy(false)
      if (problem instanceof ApiError && OUTDATED.includes(problem.code)) onOrder(null)
      else setError(problem)
    }
  }
  const pay = (): Promise<void> =>
    run(async () => location.assign((await api.startPayment(order.id)).checkoutUrl))

  if (texts.length === 0) return null
  return (
    <section
      class="payment"
      data-payment-status={order.paymentStatus}
      data-money={state}
      aria-label={s.order.paymentTitle}
    >
      {texts.map((text) => (
        <p key={text} class="payment-text">
          {text}
        </p>
      ))}
      <Problem error={error} />
      {canPay && isAsking && (
        <CashInstead
          order={order}
          disabled={busy}
          run={(call) =>
            void run(async () => {
              onOrder(await call())
              setBusy(false)
            })
          }
          onBack={() => setAsking(false)}
        />
      )}
      {canPay && !isAsking && (
        <>
          <button
            type="button"
            class="primary wide"
            data-action="pay"
            disabled={busy}
            onClick={() => void pay()}
          >
            {busy ? s.order.openingPayment : label}
          </button>
          <button
            ref={cash}
            type="button"
            class="wide"
            data-action="cash-instead"
            disabled={busy}
            onClick={() => setAsking(true)}
          >
            {s.order.cashInstead.offer}
          </button>
          {state === 'unpaid' && <p class="quiet small">{s.order.paidAlready}</p>}
        </>
      )}
    </section>
  )
}
