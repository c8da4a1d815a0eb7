import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { type ReadingState, useReading } from '../lib/use-reading.js'
import { f, s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { byPosition, movedPositions } from './menu-order.js'

type Items = readonly ManagedItemView[]

export interface ManagedMenu {
  /** in the menu's order; null: not read yet */
  items: Items | null
  reading: ReadingState
  /** the item whose last move or switch failed */
  failed: { id: number; error: unknown } | null
  /** Shows the item one place further in its category at once, and saves that; the focus stays where it is. */
  move(item: ManagedItemView, by: -1 | 1): void
  setAvailable(item: ManagedItemView, available: boolean): void
}

/** A theatre's menu as a manager changes it. Moves and switches show at once and are sent in their order. */
export function useMenu(theatreId: number): ManagedMenu {
  const [items, setItems] = useState<Items | null>(null)
  const [failed, setFailed] = useState<ManagedMenu['failed']>(null)
  const latest = useRef<Items>([])
  const queue = useRef({ tail: Promise.resolve(), waiting: 0 })
  const focused = useRef<HTMLElement | null>(null)

  function show(now: Items): void {
    latest.current = [...now].sort(byPosition)
    setItems(latest.current)
  }
  const reading = useReading(
    () => managerApi.menu(theatreId),
    // an answer from before a change must not take it back; what follows the last change is read again
    (found) => queue.current.waiting === 0 && show(found),
    theatreId,
  )

  function save(id: number, call: () => Promise<unknown>): void {
    queue.current.waiting += 1
    setFailed(null)
    queue.current.tail = queue.current.tail
      .then(call)
      .then(
        () => {},
        (error: unknown) => setFailed({ id, error }),
      )
      .then(() => {
        queue.current.waiting -= 1
        if (queue.current.waiting === 0) reading.again()
      })
  }

  // a row that changes its place in the document loses the focus
  useLayoutEffect(() => {
    focused.current?.focus()
    focused.current = null
  }, [items])

  return {
    items,
    reading,
    failed,
    move(item, by) {
      const changes = movedPositions(latest.current, item.id, by)
      if (changes.length === 0) return
      const positions = new Map(changes.map(({ id, position }) => [id, position]))
      const { activeElement } = document
      focused.current = activeElement instanceof HTMLElement ? activeElement : null
      show(latest.current.map((each) => ({ ...each, position: positions.get(each.id) ?? each.position })))
      const category = latest.current.filter((each) => each.category === item.category)
      const place = category.findIndex(({ id }) => id === item.id) + 1
      announce(s.manage.menu.moved(plainText(item.name), f.number(place), f.number(category.length)))
      save(item.id, async () => {
        for (const { id, position } of changes) await managerApi.changeItem(id, { position })
      })
    },
    setAvailable(item, available) {
      show(latest.current.map((each) => (each.id === item.id ? { ...each, available } : each)))
      save(item.id, () => api.setAvailable(item.id, available))
    },
  }
}
