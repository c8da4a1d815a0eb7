import { list, number, object, text } from '../lib/decode.js'
import { newId } from '../lib/id.js'
import type { MenuItem } from '../lib/shapes.js'
import { recall, remember } from '../lib/storage.js'
import { createStore } from '../lib/store.js'

export const MOST_OF_ONE = 20

interface Line {
  menuItemId: number
  quantity: number
}
/** `key` names this cart until it is ordered: the root of its Idempotency-Keys. */
export interface Cart {
  lines: readonly Line[]
  key: string
}

const readCart = object<Cart>({
  lines: list(object<Line>({ menuItemId: number, quantity: number })),
  key: text,
})
const empty = (): Cart => ({ lines: [], key: newId() })

/** A seat's cart: survives a reload, and belongs to this seat alone. */
export function createCart(token: string) {
  const place = `cart.${token}`
  const cart = createStore<Cart>(recall(place, readCart) ?? empty())
  const keep = (next: Cart): void => {
    cart.set(next)
    remember(place, next.lines.length > 0 ? next : null)
  }
  return {
    cart,
    set(menuItemId: number, quantity: number): void {
      const wanted = Math.min(MOST_OF_ONE, Math.max(0, quantity))
      const others = cart.get().lines.filter((line) => line.menuItemId !== menuItemId)
      keep({
        lines: wanted > 0 ? [...others, { menuItemId, quantity: wanted }] : others,
        key: cart.get().key,
      })
    },
    /** The menu changed since the cart was filled: what is gone or sold out leaves it. */
    prune(menu: readonly MenuItem[]): void {
      const sold = new Set(menu.filter((item) => item.available).map((item) => item.id))
      const kept = cart.get().lines.filter((line) => sold.has(line.menuItemId))
      if (kept.length !== cart.get().lines.length) keep({ lines: kept, key: cart.get().key })
    },
    clear: (): void => keep(empty()),
  }
}

export type SeatCart = ReturnType<typeof createCart>

/**
 * The Idempotency-Key of an order: the cart's name and a hash (FNV-1a) of what is sent. The same wish sent again
 * after a lost answer is the same order, whatever was tried in between; another wish is another key.
 */
export function orderKey(cart: Cart, wanted: object): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(JSON.stringify(wanted))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return `${cart.key}-${hash.toString(16).padStart(8, '0')}`
}

export function quantityOf(cart: Cart, menuItemId: number): number {
  return cart.lines.find((line) => line.menuItemId === menuItemId)?.quantity ?? 0
}

export function totalOf(cart: Cart, menu: readonly MenuItem[]): { count: number; paise: number } {
  let count = 0
  let paise = 0
  for (const item of menu) {
    const quantity = quantityOf(cart, item.id)
    count += quantity
    paise += quantity * item.price
  }
  return { count, paise }
}
