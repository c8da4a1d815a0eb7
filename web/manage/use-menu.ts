import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import {
  byCategory,
  byPosition,
  type ItemPlace,
  moveCategory,
  moveItem,
} from '../../src/protocol/menu-order.js'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { useLivePart } from '../lib/theatre-changes.js'
import type { FetchState } from '../lib/use-fetch.js'
import { f } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { categoryStepOf, stepOf } from './menu-steps.js'

type Items = readonly ManagedItemView[]
export type Until = 'hour' | 'day'

export interface ManagedMenu {
  /** in the menu's order; null: not read yet */
  items: Items | null
  fetching: FetchState
  /** the item (by id) or category whose last move or switch failed */
  failed: { at: number | string; error: unknown } | null
  /** Shows the item in its new place at once, and saves that; the focus stays where it is. */
  move(id: number, place: ItemPlace): void
  /** The same one place further, from the edge of a category to the one beside it. */
  step(item: ManagedItemView, by: -1 | 1): void
  stepCategory(category: string, by: -1 | 1): void
  /** `until`: sold out for that long */
  setAvailable(item: ManagedItemView, available: boolean, until?: Until): void
}

/**
 * What has the focus, to give it back: a row that moves to another category is another element. Without `follow` the page
 * does not scroll to it.
 */
function focusKeeper(follow: boolean): () => void {
  const { activeElement } = document
  if (!(activeElement instanceof HTMLElement) || activeElement === document.body) return () => {}
  const id = activeElement.closest('[data-menu-item-id]')?.getAttribute('data-menu-item-id')
  const action = activeElement.closest('[data-action]')?.getAttribute('data-action') ?? 'edit-item'
  return () => {
    const find = (selector: string) => document.querySelector<HTMLElement>(selector)
    const row = `[data-menu-item-id="${id}"] [data-action="${action}"]`
    const now = activeElement.isConnected ? activeElement : (find(row) ?? find('#menu-title'))
    if (follow || now !== document.activeElement) now?.focus({ preventScroll: !follow })
  }
}

/** A theatre's menu as a manager changes it. Moves and switches show at once and are sent in their order. */
export function useMenu(theatreId: number, live: Items | undefined, restart: () => void): ManagedMenu {
  const [items, setItems] = useState<Items | null>(null)
  const [failed, setFailed] = useState<ManagedMenu['failed']>(null)
  const latest = useRef<Items>([])
  const queue = useRef({ tail: Promise.resolve(), waiting: 0 })
  const refocus = useRef<(() => void) | null>(null)

  /** @param isMove by this page's user, whom the page follows */
  function show(now: Items, isMove = false): void {
    refocus.current = focusKeeper(isMove)
    latest.current = [...now].sort(byPosition)
    setItems(latest.current)
  }
  const fetching = useLivePart<Items>(
    () => managerApi.menu(theatreId),
    live,
    restart,
    // what was read before a change must not take it back; what follows the last change is read again
    (found) => queue.current.waiting === 0 && show(found),
  )

  function save(at: number | string, call: () => Promise<unknown>): void {
    queue.current.waiting += 1
    setFailed(null)
    queue.current.tail = queue.current.tail
      .then(call)
      .then(
        () => {},
        (error: unknown) => setFailed({ at, error }),
      )
      .then(() => {
        queue.current.waiting -= 1
        if (queue.current.waiting === 0) fetching.reload()
      })
  }
  useLayoutEffect(() => {
    refocus.current?.()
    refocus.current = null
  }, [items])

  function move(id: number, place: ItemPlace): void {
    const order = moveItem(latest.current, id, place)
    const item = order?.find((each) => each.id === id)
    if (!order || !item || isSameOrder(order, latest.current)) return
    show(order, true)
    const category = byCategory(order).get(item.category) ?? []
    const at = category.findIndex((each) => each.id === id) + 1
    const where = st.manage.menu.moved(
      plainText(item.name),
      f.number(at),
      f.number(category.length),
      nameOf(item.category),
    )
    announce(where)
    save(id, () => managerApi.moveItem(id, place))
  }

  return {
    items,
    fetching,
    failed,
    move,
    step(item, by) {
      const place = stepOf(latest.current, item, by)
      if (place) move(item.id, place)
    },
    stepCategory(category, by) {
      const before = categoryStepOf(latest.current, category, by)
      const order = before === undefined ? null : moveCategory(latest.current, category, before)
      if (!order || before === undefined) return
      show(order, true)
      const names = [...byCategory(order).keys()]
      const at = f.number(names.indexOf(category) + 1)
      announce(st.manage.menu.categoryMoved(nameOf(category), at, f.number(names.length)))
      save(category, () => managerApi.moveCategory(theatreId, category, before))
    },
    setAvailable(item, available, until) {
      show(latest.current.map((each) => (each.id === item.id ? { ...each, available } : each)))
      save(item.id, () => api.setAvailable(item.id, available, until))
    },
  }
}

export const nameOf = (category: string): string =>
  category === '' ? st.manage.menu.noCategory : plainText(category)

function isSameOrder(a: Items, b: Items): boolean {
  return a.every(({ id, category }, at) => b[at]?.id === id && b[at]?.category === category)
}
