import { useEffect, useState } from 'preact/hooks'
import type { MenuItemView, OrderView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import type { SeatCart } from './cart.js'
import { earlierOrder, newPrices } from './order-refusals.js'

interface Options {
  token: string
  cart: SeatCart
  /** The menu has changed: its new items, or null to load them. */
  onMenu(menu: readonly MenuItemView[] | null): void
  onPlaced(order: OrderView): Promise<void>
}

/** State of the order form: what the customer has chosen, and what became of the order. */
export function useOrderForm({ token, cart, onMenu, onPlaced }: Options) {
  const [method, setMethod] = useState<'online' | 'cash'>('online')
  const [phone, setPhone] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [earlier, setEarlier] = useState<OrderView | null>(null)
  /** the sum that the button said, and the one that holds now */
  const [priced, setPriced] = useState<{ before: number; total: number } | null>(null)

  useEffect(() => {
    // Back from the payment: the form must not wait for ever.
    const onShow = (): void => setBusy(false)
    addEventListener('pageshow', onShow)
    return () => removeEventListener('pageshow', onShow)
  }, [])
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

  async function submit(total: number): Promise<void> {
    setBusy(true)
    setError(null)
    setPriced(null)
    try {
      await api.createGuest(token)
      const body = {
        items: [...cart.cart.get().lines].sort((a, b) => a.menuItemId - b.menuItemId),
        paymentMethod: method,
        ...(phone.trim() ? { phone: phone.trim() } : {}),
        expectedTotal: total,
      }
      await onPlaced(await cart.order((key) => api.placeOrder(token, body, key)))
    } catch (problem) {
      setBusy(false)
      onRefused(problem, total)
    }
  }

  function orderAnother(): void {
    cart.startAnother()
    setEarlier(null)
  }

  /** An order was sent and may have been made. */
  const isUnknown = error instanceof ApiError && !error.isRefusal
  return {
    ...{ method, setMethod, phone, setPhone, busy, error, earlier, priced, isUnknown },
    ...{ submit, orderAnother },
  }
}
