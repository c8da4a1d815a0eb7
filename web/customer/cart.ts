import type { MenuItemView } from '../../src/protocol/views.js'
import { ApiError } from '../lib/api-error.js'
import { newId } from '../lib/id.js'
import { isBoolean, isNumber, isString, recall, remember } from '../lib/storage.js'
import { createStore } from '../lib/store.js'

/** of one item, as the service allows */
export const MAX_QUANTITY = 20

interface Line {
  menuItemId: number
  quantity: number
}
export interface Cart {
  lines: readonly Line[]
  /** the Idempotency-Key of this cart's order */
  key: string
  /**
   * An order with this key was sent and its answer is not known. The key then stays, whatever becomes of the cart: the
   * service answers with the order that it made, if it made one.
   */
  sent: boolean
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false
  return (
    'menuItemId' in value && isNumber(value.menuItemId) && 'quantity' in value && isNumber(value.quantity)
  )
}

function isCart(value: unknown): value is Cart {
  if (typeof value !== 'object' || value === null) return false
  if (!('key' in value && 'lines' in value && 'sent' in value)) return false
  const { key, lines, sent } = value
  return isString(key) && isBoolean(sent) && Array.isArray(lines) && lines.every(isLine)
}

const newCart = (lines: readonly Line[] = []): Cart => ({ lines, key: newId(), sent: false })

/** The cart of one seat; survives a reload. */
export function createCart(token: string) {
  const storageKey = `cart.${token}`
  const cart = createStore<Cart>(recall(storageKey, isCart) ?? newCart())
  const save = (next: Cart): void => {
    cart.set(next)
    remember(storageKey, next.lines.length > 0 || next.sent ? next : null)
  }
  return {
    cart,
    set(menuItemId: number, quantity: number): void {
      const now = cart.get()
      const bounded = Math.min(MAX_QUANTITY, Math.max(0, quantity))
      const others = now.lines.filter((line) => line.menuItemId !== menuItemId)
      save({ ...now, lines: bounded > 0 ? [...others, { menuItemId, quantity: bounded }] : others })
    },
    /** Removes items that have left the menu or are sold out since the cart was filled. */
    prune(menu: readonly MenuItemView[]): void {
      const now = cart.get()
      const onSale = new Set(menu.filter((item) => item.available).map((item) => item.id))
      const kept = now.lines.filter((line) => onSale.has(line.menuItemId))
      if (kept.length !== now.lines.length) save({ ...now, lines: kept })
    },
    /** Sends the cart's order. What is not a refusal leaves open whether the order was made. */
    async order<T>(send: (key: string) => Promise<T>): Promise<T> {
      const { key, sent: wasSent } = cart.get()
      save({ ...cart.get(), sent: true })
      try {
        const made = await send(key)
        save(newCart())
        return made
      } catch (error) {
        // A refusal of this request says nothing of an earlier one.
        if (error instanceof ApiError && error.isRefusal) save({ ...cart.get(), sent: wasSent })
        throw error
      }
    },
    /** The customer has seen the order that was made with this key; what is in the cart is another one. */
    startAnother: (): void => save(newCart(cart.get().lines)),
  }
}

export type SeatCart = ReturnType<typeof createCart>

export function quantityOf(cart: Cart, menuItemId: number): number {
  return cart.lines.find((line) => line.menuItemId === menuItemId)?.quantity ?? 0
}

export function totalOf(cart: Cart, menu: readonly MenuItemView[]): { count: number; paise: number } {
  let count = 0
  let paise = 0
  for (const item of menu) {
    const quantity = quantityOf(cart, item.id)
    count += quantity
    paise += quantity * item.price
  }
  return { count, paise }
}
