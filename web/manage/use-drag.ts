import { useEffect, useRef } from 'preact/hooks'
import type { ItemPlace } from '../../src/protocol/menu-order.js'

/** px that a pointer moves before it drags: a tap on the handle moves nothing */
const SLACK_PX = 6
/** px from the top and bottom of the window within which it scrolls, and px a frame */
const EDGE_PX = 90
const SCROLL_PX = 12

interface Drag {
  id: number
  row: Element
  pointerId: number
  startY: number
  y: number
  hasMoved: boolean
  place: ItemPlace | null
  frame: number
}

const rowsOf = (section: Element): Element[] => [...section.querySelectorAll('[data-menu-item-id]')]
const idOf = (row: Element): number => Number(row.getAttribute('data-menu-item-id'))

/** Where an item goes that is let go at a height of the window. */
function placeAt(list: Element, dragged: Element, y: number): ItemPlace | null {
  const sections = [...list.querySelectorAll('[data-category]')]
  const section = sections.find((each) => each.getBoundingClientRect().bottom >= y) ?? sections.at(-1)
  if (!section) return null
  const next = rowsOf(section).find((row) => {
    const { top, height } = row.getBoundingClientRect()
    return row !== dragged && y < top + height / 2
  })
  return { category: section.getAttribute('data-category') ?? '', before: next ? idOf(next) : null }
}

/** Shows where it goes: a line above a row, or below the last one. */
function mark(list: Element, place: ItemPlace | null): void {
  for (const each of list.querySelectorAll('[data-drop]')) each.removeAttribute('data-drop')
  if (!place) return
  const section = [...list.querySelectorAll('[data-category]')].find(
    (each) => each.getAttribute('data-category') === place.category,
  )
  const rows = section ? rowsOf(section) : []
  const next = rows.find((row) => idOf(row) === place.before)
  if (next) next.setAttribute('data-drop', 'before')
  else rows.at(-1)?.setAttribute('data-drop', 'after')
}

/**
 * Lets a pointer or finger drag rows by their handles (`[data-drag-handle]`) within the element of `list`. Escape, and
 * whatever takes the pointer away, leaves the order as it was.
 */
export function useDrag(onDrop: (id: number, place: ItemPlace) => void) {
  const list = useRef<HTMLDivElement>(null)
  const latest = useRef(onDrop)
  latest.current = onDrop
  useEffect(() => {
    const element = list.current
    if (!element) return
    return followDrags(element, (id, place) => latest.current(id, place))
  }, [])
  return list
}

function followDrags(list: HTMLElement, onDrop: (id: number, place: ItemPlace) => void): () => void {
  let drag: Drag | null = null

  function end(): void {
    if (!drag) return
    cancelAnimationFrame(drag.frame)
    drag.row.removeAttribute('data-dragged')
    mark(list, null)
    drag = null
  }
  function update(now: Drag): void {
    now.place = placeAt(list, now.row, now.y)
    mark(list, now.place)
  }
  function scroll(): void {
    if (!drag) return
    const by = drag.y < EDGE_PX ? -SCROLL_PX : drag.y > innerHeight - EDGE_PX ? SCROLL_PX : 0
    if (by !== 0 && drag.hasMoved) {
      scrollBy(0, by)
      update(drag)
    }
    drag.frame = requestAnimationFrame(scroll)
  }
  function onDown(event: PointerEvent): void {
    const handle = event.target instanceof Element ? event.target.closest('[data-drag-handle]') : null
    const row = handle?.closest('[data-menu-item-id]')
    if (!handle || !row || drag || event.button !== 0) return
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    const { pointerId, clientY: y } = event
    const frame = requestAnimationFrame(scroll)
    drag = { id: idOf(row), row, pointerId, startY: y, y, hasMoved: false, place: null, frame }
  }
  function onMove(event: PointerEvent): void {
    if (drag?.pointerId !== event.pointerId) return
    drag.y = event.clientY
    if (!drag.hasMoved && Math.abs(drag.y - drag.startY) < SLACK_PX) return
    drag.hasMoved = true
    drag.row.setAttribute('data-dragged', '')
    update(drag)
  }
  function onUp(event: PointerEvent): void {
    if (drag?.pointerId !== event.pointerId) return
    const { id, place } = drag
    end()
    if (place) onDrop(id, place)
  }
  function onCancel(event: PointerEvent): void {
    if (drag?.pointerId === event.pointerId) end()
  }
  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') end()
  }
  list.addEventListener('pointerdown', onDown)
  list.addEventListener('pointermove', onMove)
  list.addEventListener('pointerup', onUp)
  list.addEventListener('pointercancel', onCancel)
  list.addEventListener('lostpointercapture', onCancel)
  addEventListener('keydown', onKey)
  return () => {
    end()
    list.removeEventListener('pointerdown', onDown)
    list.removeEventListener('pointermove', onMove)
    list.removeEventListener('pointerup', onUp)
    list.removeEventListener('pointercancel', onCancel)
    list.removeEventListener('lostpointercapture', onCancel)
    removeEventListener('keydown', onKey)
  }
}
