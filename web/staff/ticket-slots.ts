import { useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { usePointerNear } from '../lib/pointer-near.js'
import { useStore } from '../lib/store.js'
import { oldestFirst } from '../live/orders-state.js'
import type { Board } from './board.js'
import { arrangePlaces } from './places.js'

/** A place on the board: a ticket, the offer to undo where it was, or the gap that it leaves. */
export interface Slot {
  order: OrderView
  kind: 'ticket' | 'undo' | 'gap'
  /** pixels that the ticket took, for what stands in its place */
  height: number
}

const findBoard = (): Element | null => document.querySelector('.board')

const heightOf = (id: number): number =>
  document.querySelector<HTMLElement>(`.board [data-order-id="${id}"]`)?.offsetHeight ?? 0

export interface Slots {
  slots: readonly Slot[]
  /** A pointer is near: nothing may move. */
  isHeld: boolean
}

interface Shown {
  filter: string
  places: readonly number[]
  slots: ReadonlyMap<number, Slot>
}

/**
 * The places of the board for these tickets, those that were just delivered or cancelled here included. `filter` names what the
 * tickets are of: with another one nothing is kept in place.
 */
export function useTicketSlots(tickets: readonly OrderView[], board: Board, filter: string): Slots {
  const isHeld = usePointerNear(findBoard)
  const undoable = useStore(board.undoable)
  const busy = useStore(board.busy)
  const shown = useRef<Shown>({ filter, places: [], slots: new Map() })
  const before: Shown =
    shown.current.filter === filter ? shown.current : { filter, places: [], slots: new Map() }

  const live = new Map(tickets.map((order) => [order.id, order]))
  const isLeaving = (id: number): boolean => undoable.has(id) || busy.has(id)
  const kept = [...before.slots.values()].filter(({ order }) => !live.has(order.id) && isLeaving(order.id))
  const wanted = oldestFirst([...tickets, ...kept.map(({ order }) => order)]).map(({ id }) => id)
  const places = arrangePlaces(before.places, wanted, isHeld)

  const slots = places.flatMap((id): Slot[] => {
    const order = live.get(id)
    if (order) return [{ order, kind: 'ticket', height: 0 }]
    const last = before.slots.get(id)
    if (!last) return []
    // As long as the ticket is on the page, its height can be read.
    const height = last.kind === 'ticket' ? heightOf(id) : last.height
    return [{ order: last.order, kind: isLeaving(id) ? 'undo' : 'gap', height }]
  })
  shown.current = { filter, places, slots: new Map(slots.map((slot) => [slot.order.id, slot])) }
  return { slots, isHeld }
}
