import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChatView, HallView, OrderView } from '../../src/protocol/views.js'
import { byName, isLong } from '../lib/format.js'
import { urgency } from '../live/orders-state.js'
import { st } from '../strings/staff/strings.js'
import type { Board } from './board.js'
import type { Limits } from './ticket.js'
import { TicketPlace } from './ticket-place.js'
import type { Slot } from './ticket-slots.js'

function rowsOf(hall: HallView): [string, HallView['seats']][] {
  const byRow = new Map<string, HallView['seats']>()
  for (const seat of [...hall.seats].sort(byName)) {
    const row = /^\D*/.exec(seat.name)?.[0] ?? ''
    byRow.set(row, [...(byRow.get(row) ?? []), seat])
  }
  return [...byRow]
}

/** A row of more seats is drawn smaller, to fit a tablet. */
const ROOMY_SEATS = 12

interface Props {
  halls: readonly HallView[]
  orders: readonly OrderView[]
  /** the tickets among them */
  slots: readonly Slot[]
  board: Board
  now: number
  limits: Limits
  chats: ReadonlyMap<number, ChatView>
}

function seatState(orders: readonly OrderView[], now: number, limits: Limits): string {
  const levels = orders
    .filter((order) => order.status !== 'placed')
    .map((order) => urgency(order, now, limits))
  if (levels.includes('late')) return 'late'
  if (orders.some((order) => order.status === 'confirmed')) return 'confirmed'
  if (orders.some((order) => order.status === 'seen')) return 'seen'
  return orders.length > 0 ? 'placed' : 'free'
}

/** The halls as rows of seats below the screen. Selecting a seat shows its orders. */
export function SeatMap({ halls, orders, slots, board, now, limits, chats }: Props) {
  const [chosen, setChosen] = useState<number | null>(null)
  const panel = useRef<HTMLElement>(null)
  // On a phone the orders are below the halls: without scrolling, a tap would seem to do nothing.
  useEffect(() => {
    if (chosen !== null) panel.current?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const ordersOf = (seatId: number): OrderView[] => orders.filter((order) => order.seat.id === seatId)
  const shown = slots.filter(({ order, kind }) => order.seat.id === chosen && kind !== 'gap')
  return (
    <div class="map">
      <div class="map-halls">
        {halls.map((hall) => (
          <section key={hall.id} class="map-hall" aria-label={hall.name}>
            <h2>{hall.name}</h2>
            <p class="map-screen">{st.board.screen}</p>
            {rowsOf(hall).map(([row, seats]) => (
              <div key={row} class="map-row" data-dense={seats.length > ROOMY_SEATS}>
                {seats.map((seat) => {
                  const state = seatState(ordersOf(seat.id), now, limits)
                  return (
                    <button
                      key={seat.id}
                      type="button"
                      class="map-seat"
                      data-seat-id={seat.id}
                      data-seat-state={state}
                      data-long={isLong(seat.name)}
                      aria-pressed={chosen === seat.id}
                      aria-label={st.board.seatState(seat.name, st.board.seatStates[state] ?? state)}
                      disabled={state === 'free'}
                      onClick={() => setChosen(seat.id)}
                    >
                      {seat.name}
                    </button>
                  )
                })}
              </div>
            ))}
          </section>
        ))}
      </div>
      <section ref={panel} class="map-orders board" aria-label={st.board.ofSeat}>
        {shown.map((slot) => (
          <TicketPlace key={`${slot.kind} ${slot.order.id}`} {...{ slot, board, now, limits, chats }} />
        ))}
        {shown.length === 0 && <p class="quiet">{st.board.pickSeat}</p>}
      </section>
    </div>
  )
}
