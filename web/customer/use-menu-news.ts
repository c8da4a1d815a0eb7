import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MenuItemView } from '../../src/protocol/views.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import type { Cart } from './cart.js'
import { readLines, totalOf } from './cart-lines.js'

interface Options {
  cart: Cart
  menu: readonly MenuItemView[]
  /** The menu has changed what the cart costs, in paise; null: nobody is about to order. */
  onTotal: ((before: number, total: number) => void) | null
}

/** Says what a change of the menu does to the cart: nothing in it is changed silently, and nothing is taken out. */
export function useMenuNews({ cart, menu, onTotal }: Options): void {
  const last = useRef(menu)
  // before the browser paints: the new sum must not stand on a button that takes touches
  useLayoutEffect(() => {
    if (last.current === menu) return
    const before = new Map(readLines(cart, last.current).map(({ key, problem }) => [key, problem]))
    const total = totalOf(cart, menu).paise
    const totalBefore = totalOf(cart, last.current).paise
    last.current = menu
    for (const { key, name, problem } of readLines(cart, menu)) {
      if (problem !== null && before.get(key) === null)
        announce(s.seat.problemAnnouncement(name, s.seat.problems[problem]))
    }
    if (total !== totalBefore) onTotal?.(totalBefore, total)
  }, [menu, cart, onTotal])
}
