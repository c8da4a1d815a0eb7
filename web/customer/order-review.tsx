import { useEffect, useRef } from 'preact/hooks'
import { MAX_NOTE, readPhone } from '../../src/protocol/typed-text.js'
import type { SeatMenuView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { f, s } from '../strings/language.js'
import { Problem } from '../ui/problem.js'
import { useSettled } from '../ui/use-settled.js'
import type { SeatCart } from './cart.js'
import { type CartLine, readLines, totalOf } from './cart-lines.js'
import type { OrderForm } from './order-form.js'
import { pauseText } from './pause-text.js'
import { Stepper } from './stepper.js'
import { EarlierOrder, PlacedOrder } from './submitted-order.js'

interface Props {
  token: string
  seat: SeatMenuView
  cart: SeatCart
  form: OrderForm
  onClose(): void
}

/** The dialog before ordering: items, payment method, and the order button. Then the order, while its payment opens. */
export function OrderReview({ token, seat, cart, form, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const { lines } = useStore(cart.cart)
  const { busy, placed, earlier } = form
  const isEmpty = lines.length === 0 && !busy && !placed && !earlier

  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => {
    if (isEmpty) dialog.current?.close()
  }, [isEmpty])

  function onView(): void {
    remember(`seat.${seat.seat.id}`, token)
    cart.startAnother()
  }
  return (
    <dialog ref={dialog} class="sheet review" aria-labelledby="review-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="review-title">{s.seat.yourOrder(seat.seat.name)}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      {placed ? (
        <PlacedOrder order={placed} />
      ) : earlier ? (
        <EarlierOrder
          order={earlier}
          onView={onView}
          onAnother={lines.length > 0 ? cart.startAnother : null}
        />
      ) : (
        <ReviewForm {...{ seat, cart, form }} />
      )}
    </dialog>
  )
}

function ReviewForm({ seat, cart, form }: Pick<Props, 'seat' | 'cart' | 'form'>) {
  const now = useStore(cart.cart)
  const total = totalOf(now, seat.menu)
  const amount = f.money(total.paise)
  const paused = pauseText(seat.theatre)
  const lines = readLines(now, seat.menu)
  const label = form.method === 'online' ? s.seat.pay(amount) : s.seat.order(amount)
  // A sum that has just changed must be read first.
  const isSettled = useSettled(form.priced) || form.priced === null
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!form.priced) return
    button.current?.scrollIntoView({ block: 'end' })
    // While it was disabled the button has lost the focus.
    if (isSettled && document.activeElement === document.body) button.current?.focus()
  }, [form.priced, isSettled])
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit(total.paise)
      }}
    >
      <fieldset class="form-fields" disabled={form.busy}>
        <ul class="review-lines">
          {lines.map(({ key, ...line }) => (
            <ReviewLine key={key} {...line} onChange={(next) => cart.set(line.line, next)} />
          ))}
        </ul>
        <p class="review-total">
          <span>{s.seat.total}</span> <span class="amount">{amount}</span>
        </p>
        <label class="field">
          <span>{s.seat.note}</span>
          <input
            type="text"
            name="note"
            autocomplete="off"
            maxLength={MAX_NOTE}
            value={form.note}
            onInput={({ currentTarget }) => form.setNote(currentTarget.value)}
          />
        </label>
        <Payment form={form} />
      </fieldset>
      <Notices form={form} wasSent={now.sent} />
      {total.problems > 0 && (
        <p class="note" data-notice="cart-problems">
          {s.seat.removeFirst(
            f.list(lines.filter(({ problem }) => problem !== null).map(({ name }) => plainText(name))),
          )}
        </p>
      )}
      {paused && (
        <p class="note" role="status" data-notice="paused">
          {paused}
        </p>
      )}
      <button
        type="submit"
        class="primary wide"
        ref={button}
        data-action="place-order"
        disabled={form.busy || !isSettled || total.count === 0 || total.problems > 0 || paused !== null}
      >
        {form.busy ? s.seat.sending : label}
      </button>
    </form>
  )
}

interface LineProps extends Omit<CartLine, 'key'> {
  onChange(quantity: number): void
}

/** A line of the order; one that can't be ordered just now says so in its place. */
function ReviewLine({ line, name, choices, unitPrice, problem, onChange }: LineProps) {
  const label = [name, ...choices].map(plainText).join(', ')
  return (
    <li data-menu-item-id={line.menuItemId} data-problem={problem}>
      <span class="review-name">
        {plainText(name)}
        {choices.length > 0 && <small>{choices.map(plainText).join(', ')}</small>}
        {problem && (
          <strong class="line-problem" role="status">
            {s.seat.problems[problem]}
          </strong>
        )}
      </span>
      {problem ? (
        <button
          type="button"
          class="remove"
          data-action="remove"
          aria-label={s.seat.removeLine(label)}
          onClick={() => onChange(0)}
        >
          {s.seat.remove}
        </button>
      ) : (
        <>
          <Stepper name={label} quantity={line.quantity} onChange={onChange} />
          <span class="amount">{f.money(unitPrice * line.quantity)}</span>
        </>
      )}
    </li>
  )
}

function Payment({ form }: { form: OrderForm }) {
  return (
    <>
      <fieldset class="payment-methods" data-unguarded="">
        <legend>{s.seat.howToPay}</legend>
        <Method form={form} value="online" name={s.seat.online} note={s.seat.onlineNote} />
        <Method form={form} value="cash" name={s.seat.cash} note={s.seat.cashNote} />
      </fieldset>
      <label class="field">
        <span>
          {s.seat.phone} <small>{s.common.optional}</small>
        </span>
        <input
          type="tel"
          inputMode="tel"
          autocomplete="tel"
          maxLength={100}
          value={form.phone}
          onInput={({ currentTarget: field }) => {
            const isPhone = field.value.trim() === '' || readPhone(field.value) !== null
            field.setCustomValidity(isPhone ? '' : s.seat.phoneRule)
            form.setPhone(field.value)
          }}
        />
      </label>
    </>
  )
}

function Notices({ form, wasSent }: { form: OrderForm; wasSent: boolean }) {
  return (
    <>
      <Problem error={form.error}>{form.isUnknown && <p>{s.seat.safeToRepeat}</p>}</Problem>
      {wasSent && !form.busy && !form.error && (
        <p class="note" data-notice="maybe-placed">
          {s.seat.maybePlaced} {s.seat.safeToRepeat}
        </p>
      )}
      {form.priced && (
        <div class="problem" role="alert" data-notice="price-changed">
          <p>{s.seat.priceChanged(f.money(form.priced.before), f.money(form.priced.total))}</p>
        </div>
      )}
    </>
  )
}

interface MethodProps {
  form: OrderForm
  value: 'online' | 'cash'
  name: string
  note: string
}

function Method({ form, value, name, note }: MethodProps) {
  return (
    <label class="payment-method" data-method={value}>
      <input
        type="radio"
        name="method"
        value={value}
        checked={form.method === value}
        onChange={() => form.setMethod(value)}
      />
      <span>
        {name}
        <small>{note}</small>
      </span>
    </label>
  )
}
