import { useEffect } from 'preact/hooks'
import type { OrderView } from '../../src/live/protocol.js'
import type { Board } from './board.js'

function tickets(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('.board .ticket')]
}

function focused(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>('.ticket') ?? null
}

/** The nearest ticket in the direction of an arrow, by where they stand on the screen. */
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

function actByKey(key: string, order: OrderView, board: Board): boolean {
  switch (key) {
    case 's':
      if (order.status === 'confirmed') void board.act(order, 'seen')
      return true
    case 'd':
      void board.act(order, 'deliver')
      return true
    case 'c':
      if (order.paymentMethod === 'cash' && order.paymentStatus === 'pending')
        void board.act(order, 'collect-cash')
      return true
    case 'x':
      board.cancel(order)
      return true
    default:
      return false
  }
}

/** What stays focused when a ticket goes: the next one, so that a row of orders is done by one key each. */
function keepFocus(gone: HTMLElement): void {
  const all = tickets()
  const next = all[all.indexOf(gone) + 1] ?? all[all.indexOf(gone) - 1]
  const watch = new MutationObserver(() => {
    if (gone.isConnected) return
    watch.disconnect()
    if (document.activeElement === document.body) next?.focus()
  })
  const board = gone.closest('.board')
  if (!board) return
  watch.observe(board, { childList: true, subtree: true })
  setTimeout(() => watch.disconnect(), 10_000)
}

/** A button that was used goes, or is disabled for a while, and the focus with it: its ticket takes it over. */
function onClick(event: MouseEvent): void {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>('.ticket button') : null
  const ticket = button?.closest<HTMLElement>('.ticket')
  if (!button || !ticket) return
  ticket.focus({ preventScroll: true })
  // by keys (no click to count): the work goes on at the next ticket
  const ends = button.dataset.action === 'deliver' || button.dataset.action === 'cancel'
  if (ends && event.detail === 0) keepFocus(ticket)
}

/**
 * Arrows move between tickets; S, D, C, X act on the focused one, Z or Escape takes a cancel back. Letters (large ones
 * too: Caps Lock) act only while a ticket has the focus (WCAG 2.1.4), never with a modifier, and never twice for a key
 * that is held down. Escape is no letter: the way back is open wherever the focus is.
 */
export function useKeys(board: Board): void {
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
      const key = event.key.toLowerCase()
      if (key === 'escape' || (ticket && key === 'z')) return board.keepLast()
      if (!ticket) return
      const order = board.orders.get().live.get(Number(ticket.dataset.orderId))
      if (!order) return
      if (key === 'd' || key === 'x') keepFocus(ticket)
      if (actByKey(key, order, board)) event.preventDefault()
    }
    addEventListener('keydown', onKey)
    addEventListener('click', onClick)
    return () => {
      removeEventListener('keydown', onKey)
      removeEventListener('click', onClick)
    }
  }, [board])
}
