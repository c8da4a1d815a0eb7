import { newId } from '../lib/id.js'
import { isNumber, isString, recall, remember } from '../lib/storage.js'
import { createStore } from '../lib/store.js'
import type { MenuItemView } from '../lib/views.js'

/** of one item, as the service allows */
export const MAX_QUANTITY = 20

interface Line {
  menuItemId: number
  quantity: number
}
/** `key` identifies this cart until it is ordered: the prefix of its Idempotency-Keys. */
export interface Cart {
  lines: readonly Line[]
  key: string
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false
  return (
    'menuItemId' in value && isNumber(value.menuItemId) && 'quantity' in value && isNumber(value.quantity)
  )
}

function isCart(value: unknown): value is Cart {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('lines' in value)) return false
  return isString(value.key) && Array.isArray(value.lines) && value.lines.every(isLine)
}

const emptyCart = (): Cart => ({ lines: [], key: newId() })

/** The cart of one seat; survives a reload. */
export function createCart(token: string) {
  const storageKey = `cart.${token}`
  const cart = createStore<Cart>(recall(storageKey, isCart) ?? emptyCart())
  const save = (next: Cart): void => {
    cart.set(next)
    remember(storageKey, next.lines.length > 0 ? next : null)
  }
  return {
    cart,
    set(menuItemId: number, quantity: number): void {
      const bounded = Math.min(MAX_QUANTITY, Math.max(0, quantity))
      const others = cart.get().lines.filter((line) => line.menuItemId !== menuItemId)
      save({
        lines: bounded > 0 ? [...others, { menuItemId, quantity: bounded }] : others,
        key: cart.get().key,
      })
    },
    /** Removes items that have left the menu or are sold out since the cart was filled. */
    prune(menu: readonly MenuItemView[]): void {
      const onSale = new Set(menu.filter((item) => item.available).map((item) => item.id))
      const kept = cart.get().lines.filter((line) => onSale.has(line.menuItemId))
      if (kept.length !== cart.get().lines.length) save({ lines: kept, key: cart.get().key })
    },
    clear: (): void => save(emptyCart()),
  }
}

export type SeatCart = ReturnType<typeof createCart>

/**
 * The Idempotency-Key of an order: the cart's key and an FNV-1a hash of the body. Sending the same body again after a
 * lost answer yields the same order, whatever was tried in between; a changed body gets a key of its own.
 */
export function idempotencyKey(cart: Cart, body: object): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(JSON.stringify(body))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return `${cart.key}-${hash.toString(16).padStart(8, '0')}`
}

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
