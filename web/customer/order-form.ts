import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { MenuItemView, OrderView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import { exclusively } from '../lib/exclusive.js'
import { remember } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { type Cart, lineKey, type SeatCart } from './cart.js'
import { earlierOrders } from './opened-orders.js'
import { earlierOrder, newPrices } from './order-refusals.js'

interface Options {
  token: string
  cart: SeatCart
  /** Whether the form is on the screen. The order goes on without it, but then does not leave the page. */
  isOpen: boolean
  /** The menu has changed: its new items, or null to load them. */
  onMenu(menu: readonly MenuItemView[] | null): void
}

type Method = 'online' | 'cash'

/** Where the customer goes once the order is made. */
async function nextPage({ id, paymentMethod }: OrderView): Promise<string> {
  const page = `/orders/${id}`
  if (paymentMethod === 'cash') return page
  // Without a payment: the order's page offers to pay and shows what went wrong.
  return await api.startPayment(id).then(
    (payment) => payment.checkoutUrl,
    () => page,
  )
}

/** Sends the order as a guest. Two tabs at once must not become two guests: keys are scoped to a session. */
async function sendOrder(token: string, { lines, key }: Cart, wanted: Wanted): Promise<OrderView> {
  await exclusively('guest', () => api.createGuest(token))
  const items = [...lines]
    .sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1))
    .map(({ menuItemId, quantity, options }) => ({ menuItemId, quantity, ...(options ? { options } : {}) }))
  return await api.placeOrder(token, { items, ...wanted }, key)
}

type Wanted = Omit<Parameters<typeof api.placeOrder>[1], 'items'>

/**
 * State of the order form: what the customer has chosen, and what became of the order. It belongs to the page, so that
 * closing the form neither stops the order nor makes the page forget it.
 */
export function useOrderForm({ token, cart, isOpen, onMenu }: Options) {
  const [method, setMethod] = useState<Method>('online')
  const [phone, setPhone] = useState('')
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [earlier, setEarlier] = useState<OrderView | null>(null)
  /** the order that was made, while its payment opens */
  const [placed, setPlaced] = useState<OrderView | null>(null)
  /** the order that was made, and that the customer did not go on to: the form had been closed */
  const [unseen, setUnseen] = useState<OrderView | null>(null)
  /** the sum that the button said, and the one that holds now */
  const [priced, setPriced] = useState<{ before: number; total: number } | null>(null)
  const { key } = useStore(cart.cart)
  // A second tap may come before the first one is rendered.
  const isSending = useRef(false)
  const isShown = useRef(isOpen)
  isShown.current = isOpen
  /** the order for whose payment the page is about to be left */
  const leavingFor = useRef<OrderView | null>(null)

  function finish(): void {
    isSending.current = false
    leavingFor.current = null
    setBusy(false)
    setPlaced(null)
  }
  useEffect(() => {
    // Back from the payment: the form must not wait for ever.
    const onShow = (event: PageTransitionEvent): void => {
      if (event.persisted) finish()
    }
    addEventListener('pageshow', onShow)
    return () => removeEventListener('pageshow', onShow)
  }, [])
  // What was said of the last order does not hold for the next one.
  useEffect(() => {
    setEarlier(null)
    setError(null)
    setPriced(null)
    setNote('')
  }, [key])

  function onRefused(problem: unknown, before: number): void {
    const prices = newPrices(problem)
    const made = earlierOrder(problem)
    if (made) return setEarlier(made)
    if (prices) {
      onMenu(prices.menu)
      return setPriced({ before, total: prices.total })
    }
    setError(problem)
    if (problem instanceof ApiError && problem.isRefusal) onMenu(null)
  }

  /** Leaves for the payment or the order's page, unless the customer has closed the form. */
  async function goOn(order: OrderView): Promise<void> {
    remember(`seat.${order.seat.id}`, token)
    announce(s.seat.placed.title(order.id))
    leavingFor.current = order
    if (!isShown.current) return stay()
    setPlaced(order)
    const url = await nextPage(order)
    if (leavingFor.current === order) location.assign(url)
  }

  /** The form was closed: the page is not left for an order that was made, but shows it. */
  function stay(): void {
    if (!leavingFor.current) return
    setUnseen(leavingFor.current)
    finish()
  }

  async function submit(total: number): Promise<void> {
    if (isSending.current) return
    isSending.current = true
    setBusy(true)
    setError(null)
    setPriced(null)
    setUnseen(null)
    const wanted = {
      paymentMethod: method,
      ...(phone.trim() ? { phone: phone.trim() } : {}),
      ...(note.trim() ? { note } : {}),
      expectedTotal: total,
    }
    const isEarlierOrder = earlierOrders()
    try {
      const order = await cart.order((shown) => sendOrder(token, shown, wanted), isEarlierOrder)
      if (!isEarlierOrder(order)) return await goOn(order)
      setEarlier(order)
    } catch (problem) {
      onRefused(problem, total)
    }
    finish()
  }

  return {
    ...{
      method,
      setMethod,
      phone,
      setPhone,
      note,
      setNote,
      busy,
      error,
      earlier,
      placed,
      unseen,
      priced,
      submit,
      stay,
    },
    /** The menu has changed what the order costs. */
    notePrice: useCallback((before: number, total: number) => {
      if (!isSending.current) setPriced({ before, total })
    }, []),
    /** An order was sent and may have been made. */
    isUnknown: error instanceof ApiError && !error.isRefusal,
  }
}

export type OrderForm = ReturnType<typeof useOrderForm>
