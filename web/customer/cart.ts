import { ApiError } from '../lib/api-error.js'
import { newId } from '../lib/id.js'
import { isBoolean, isNumber, isString, recall, remember } from '../lib/storage.js'
import { createStore } from '../lib/store.js'

/** of one item, as the service allows */
export const MAX_QUANTITY = 20

/** What is chosen with an item, by its names on the menu. */
export interface Choice {
  group: string
  choice: string
}
export interface Line {
  menuItemId: number
  quantity: number
  options?: readonly Choice[]
  /** as it was when it was added, for an item that has left the menu since */
  name?: string
}
/** What a line is of: lines of the same item and options are one. */
export type Wanted = Omit<Line, 'quantity'>

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

function isChoice(value: unknown): value is Choice {
  if (typeof value !== 'object' || value === null) return false
  return 'group' in value && isString(value.group) && 'choice' in value && isString(value.choice)
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false
  if (!('menuItemId' in value && isNumber(value.menuItemId))) return false
  if (!('quantity' in value && isNumber(value.quantity))) return false
  if ('name' in value && !isString(value.name)) return false
  return !('options' in value) || (Array.isArray(value.options) && value.options.every(isChoice))
}

/** Names what a line is of. */
export function lineKey({ menuItemId, options = [] }: Wanted): string {
  return JSON.stringify([menuItemId, ...options.map(({ group, choice }) => [group, choice]).sort()])
}

function isCart(value: unknown): value is Cart {
  if (typeof value !== 'object' || value === null) return false
  if (!('key' in value && 'lines' in value && 'sent' in value)) return false
  const { key, lines, sent } = value
  return isString(key) && isBoolean(sent) && Array.isArray(lines) && lines.every(isLine)
}

const newCart = (lines: readonly Line[] = []): Cart => ({ lines, key: newId(), sent: false })

/** What is left of `lines` without what was ordered: items may have been added while the order was under way. */
function without(lines: readonly Line[], ordered: readonly Line[]): Line[] {
  const quantityIn = (line: Line): number =>
    ordered.find((each) => lineKey(each) === lineKey(line))?.quantity ?? 0
  return lines
    .map((line) => ({ ...line, quantity: line.quantity - quantityIn(line) }))
    .filter(({ quantity }) => quantity > 0)
}

/**
 * The cart of one seat. It survives a reload, and all tabs of the browser share it with its key: what one tab has ordered
 * is in no other tab's cart. Where nothing can be stored, each tab has its own.
 */
export function createCart(token: string) {
  const storageKey = `cart.${token}`
  const cart = createStore<Cart>(recall(storageKey, isCart) ?? newCart())
  // Stored at once, so that a tab that opens later has the same key.
  let isStored = remember(storageKey, cart.get())

  function save(next: Cart): void {
    cart.set(next)
    isStored = remember(storageKey, next)
  }
  /** Takes over what another tab has made of the cart. */
  function read(): void {
    const stored = isStored ? recall(storageKey, isCart) : null
    if (stored && JSON.stringify(stored) !== JSON.stringify(cart.get())) cart.set(stored)
  }
  function update(change: (now: Cart) => Cart): void {
    read()
    const now = cart.get()
    const next = change(now)
    if (next !== now) save(next)
  }
  /** Changes the cart unless its key has been given up meanwhile. */
  const updateOf = (key: string, change: (now: Cart) => Cart): void =>
    update((now) => (now.key === key ? change(now) : now))

  return {
    cart,
    set(wanted: Wanted | number, quantity: number): void {
      const of = typeof wanted === 'number' ? { menuItemId: wanted } : wanted
      const bounded = Math.min(MAX_QUANTITY, Math.max(0, quantity))
      update((now) => {
        const others = now.lines.filter((line) => lineKey(line) !== lineKey(of))
        return { ...now, lines: bounded > 0 ? [...others, { ...of, quantity: bounded }] : others }
      })
    },
    /**
     * Sends an order of the cart as this tab shows it, with its key: if another tab has ordered it meanwhile, the service
     * answers with that order. What is not a refusal leaves open whether the order was made. When `isEarlier` says that
     * the answer is an order which the customer has seen before, the cart stays as it is.
     */
    async order<T>(
      send: (cart: Cart) => Promise<T>,
      isEarlier: (made: T) => boolean = () => false,
    ): Promise<T> {
      const shown = cart.get()
      const { key } = shown
      updateOf(key, (now) => ({ ...now, sent: true }))
      try {
        const made = await send(shown)
        if (!isEarlier(made)) updateOf(key, (now) => newCart(without(now.lines, shown.lines)))
        return made
      } catch (error) {
        // A refusal of this request says nothing of an earlier one.
        if (error instanceof ApiError && error.isRefusal)
          updateOf(key, (now) => ({ ...now, sent: shown.sent }))
        throw error
      }
    },
    /** The customer has seen the order that was made with this key; what is in the cart is another one. */
    startAnother: (): void => update((now) => newCart(now.lines)),
    /** Keeps up with the other tabs until the returned function is called. */
    follow(): () => void {
      read()
      const events = ['storage', 'pageshow', 'visibilitychange', 'focus'] as const
      for (const event of events) addEventListener(event, read)
      return () => {
        for (const event of events) removeEventListener(event, read)
      }
    },
  }
}

export type SeatCart = ReturnType<typeof createCart>

/** How many of an item are in the cart, whatever their options. */
export function quantityOf(cart: Cart, menuItemId: number): number {
  return cart.lines
    .filter((line) => line.menuItemId === menuItemId)
    .reduce((sum, { quantity }) => sum + quantity, 0)
}
