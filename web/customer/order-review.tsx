import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, api } from '../lib/api.js'
import { remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import type { MenuItemView, SeatMenuView } from '../lib/views.js'
import { f, s } from '../strings/language.js'
import { Problem } from '../ui/problem.js'
import { idempotencyKey, quantityOf, type SeatCart, totalOf } from './cart.js'
import { Stepper } from './menu-list.js'

type Method = 'online' | 'cash'

interface Props {
  token: string
  seat: SeatMenuView
  cart: SeatCart
  onClose(): void
  /** The service refused the order: the menu may have changed. */
  onStaleMenu(): void
}

async function paymentUrl(orderId: number): Promise<string> {
  try {
    return (await api.startPayment(orderId)).checkoutUrl
  } catch {
    // The order is placed; its page offers to pay and shows what went wrong.
    return `/orders/${orderId}`
  }
}

/** The dialog before ordering: items, payment method, and the order button. */
export function OrderReview({ token, seat, cart, onClose, onStaleMenu }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const now = useStore(cart.cart)
  const [method, setMethod] = useState<Method>('online')
  const [phone, setPhone] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const chosen = seat.menu.filter((item) => quantityOf(now, item.id) > 0)
  const total = totalOf(now, seat.menu)

  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => {
    if (total.count === 0) dialog.current?.close()
  }, [total.count])

  async function submit(): Promise<void> {
    setBusy(true)
    setError(null)
    try {
      await api.createGuest()
      const body = {
        items: [...now.lines].sort((a, b) => a.menuItemId - b.menuItemId),
        paymentMethod: method,
        ...(phone.trim() ? { phone: phone.trim() } : {}),
      }
      const order = await api.placeOrder(token, body, idempotencyKey(now, body))
      remember(`seat.${order.seat.id}`, token)
      cart.clear()
      location.assign(method === 'online' ? await paymentUrl(order.id) : `/orders/${order.id}`)
    } catch (problem) {
      setBusy(false)
      setError(problem)
      if (problem instanceof ApiError && problem.status >= 400 && problem.status < 500) onStaleMenu()
    }
  }

  const line = (item: MenuItemView) => (
    <li key={item.id}>
      <span class="review-name">{item.name}</span>
      <Stepper item={item} quantity={quantityOf(now, item.id)} onChange={(next) => cart.set(item.id, next)} />
      <span class="amount">{f.money(item.price * quantityOf(now, item.id))}</span>
    </li>
  )
  const methodOption = (value: Method, name: string, note: string) => (
    <label class="payment-method" data-method={value}>
      <input
        type="radio"
        name="method"
        value={value}
        checked={method === value}
        onChange={() => setMethod(value)}
      />
      <span>
        {name}
        <small>{note}</small>
      </span>
    </label>
  )

  return (
    <dialog ref={dialog} class="sheet review" aria-labelledby="review-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="review-title">{s.seat.yourOrder(seat.seat.name)}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <ul class="review-lines">{chosen.map(line)}</ul>
        <p class="review-total">
          <span>{s.seat.total}</span> <span class="amount">{f.money(total.paise)}</span>
        </p>
        <fieldset class="payment-methods">
          <legend>{s.seat.howToPay}</legend>
          {methodOption('online', s.seat.online, s.seat.onlineNote)}
          {methodOption('cash', s.seat.cash, s.seat.cashNote)}
        </fieldset>
        <label class="field">
          <span>
            {s.seat.phone} <small>{s.common.optional}</small>
          </span>
          <input
            type="tel"
            inputMode="tel"
            autocomplete="tel"
            pattern="[0-9+\- ]{5,20}"
            title={s.seat.phoneRule}
            maxLength={20}
            value={phone}
            onInput={(event) => setPhone(event.currentTarget.value)}
          />
        </label>
        <Problem error={error}>
          {error instanceof ApiError && error.isOffline && <p>{s.seat.safeToRepeat}</p>}
        </Problem>
        <button
          type="submit"
          class="primary wide"
          data-action="place-order"
          disabled={busy || total.count === 0}
        >
          {busy
            ? s.seat.sending
            : method === 'online'
              ? s.seat.pay(f.money(total.paise))
              : s.seat.order(f.money(total.paise))}
        </button>
      </form>
    </dialog>
  )
}
