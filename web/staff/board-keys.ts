import { useEffect, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { placeOf, readKeyLabels } from '../lib/keys.js'
import type { Board } from './board.js'

const REMOVAL_DEADLINE_MS = 10_000

function tickets(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('.board .ticket')]
}

function focused(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>('.ticket') ?? null
}

/** The nearest ticket in an arrow's direction, by position on the screen. */
function neighbour(from: HTMLElement, key: string): HTMLElement | undefined {
  const all = tickets()
  const at = all.indexOf(from)
  if (key === 'ArrowLeft') return all[at - 1]
  if (key === 'ArrowRight') return all[at + 1]
  const here = from.getBoundingClientRect()
  const sameColumn = all.filter(
    (each) => Math.abs(each.getBoundingClientRect().left - here.left) < here.width / 2,
  )
  return sameColumn[sameColumn.indexOf(from) + (key === 'ArrowDown' ? 1 : -1)]
}

function runShortcut(key: string, order: OrderView, board: Board): boolean {
  switch (key) {
    case 's':
      if (order.status === 'confirmed') void board.change(order, 'seen')
      return true
    case 'd':
      void board.change(order, 'deliver')
      return true
    case 'c':
      if (order.paymentMethod === 'cash' && order.paymentStatus === 'pending')
        void board.change(order, 'collect-cash')
      return true
    case 'x':
      void board.change(order, 'cancel')
      return true
    default:
      return false
  }
}

/** Focuses the next ticket once this one is removed, so that a row of orders takes one key press each. */
function focusNextAfter(removed: HTMLElement): void {
  const all = tickets()
  const next = all[all.indexOf(removed) + 1] ?? all[all.indexOf(removed) - 1]
  const watch = new MutationObserver(() => {
    if (removed.isConnected) return
    watch.disconnect()
    if (document.activeElement === document.body) next?.focus()
  })
  const board = removed.closest('.board')
  if (!board) return
  watch.observe(board, { childList: true, subtree: true })
  setTimeout(() => watch.disconnect(), REMOVAL_DEADLINE_MS)
}

/** Focuses a ticket once it is back. */
function focusOnceBack(id: number): void {
  const find = () => document.querySelector<HTMLElement>(`.board .ticket[data-order-id="${id}"]`)
  const watch = new MutationObserver(() => {
    const ticket = find()
    if (!ticket) return
    watch.disconnect()
    ticket.focus()
  })
  watch.observe(document.body, { childList: true, subtree: true })
  setTimeout(() => watch.disconnect(), REMOVAL_DEADLINE_MS)
}

function undoLast(board: Board): void {
  const order = board.lastUndoable()
  if (!order) return
  focusOnceBack(order.id)
  void board.change(order, 'undo')
}

/** A pressed button is removed or disabled and would lose the focus: its ticket takes it. */
function onClick(event: MouseEvent): void {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>('.board button') : null
  const undone = button?.closest<HTMLElement>('[data-undo]')?.dataset.undo
  if (undone && event.detail === 0) focusOnceBack(Number(undone))
  const ticket = button?.closest<HTMLElement>('.ticket')
  if (!button || !ticket) return
  ticket.focus({ preventScroll: true })
  // detail is 0 for a press by keyboard, whose user continues with the next ticket.
  const ends = button.dataset.action === 'deliver' || button.dataset.action === 'cancel'
  if (ends && event.detail === 0) focusNextAfter(ticket)
}

/**
 * Arrows move between tickets; S, D, C and X act on the focused one; Z or Escape undoes the last delivery or cancellation. Letters go by
 * their place, whatever the layout or Caps Lock, and act only while a ticket has the focus (WCAG 2.1.4), never with a modifier, and not on
 * key repeat. Escape works wherever the focus is.
 */
export function useBoardKeys(board: Board): void {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
      if (event.target instanceof Element && event.target.closest('input, select, textarea, dialog')) return
      const ticket = focused()
      if (event.key.startsWith('Arrow')) {
        const next = ticket
          ? neighbour(ticket, event.key)
          : document.activeElement === document.body
            ? tickets()[0]
            : null
        if (!next) return
        event.preventDefault()
        next.focus()
        return
      }
      const key = placeOf(event)
      if (key === 'escape' || (ticket && key === 'z')) return undoLast(board)
      if (!ticket) return
      const order = board.orders.get().live.get(Number(ticket.dataset.orderId))
      if (!order) return
      if (key === 'd' || key === 'x') focusNextAfter(ticket)
      if (runShortcut(key, order, board)) event.preventDefault()
    }
    addEventListener('keydown', onKey)
    addEventListener('click', onClick)
    return () => {
      removeEventListener('keydown', onKey)
      removeEventListener('click', onClick)
    }
  }, [board])
}

const PLACES = ['S', 'D', 'C', 'X', 'Z'] as const

/** The names of the shortcuts' keys in the current layout, in the order seen, deliver, cash, cancel, undo. */
export function useKeyLabels(): readonly string[] {
  const [labels, setLabels] = useState<readonly string[]>(PLACES)
  useEffect(() => {
    const read = (): void => void readKeyLabels(PLACES).then(setLabels)
    read()
    // The layout may have been switched meanwhile.
    addEventListener('focus', read)
    return () => removeEventListener('focus', read)
  }, [])
  return labels
}
