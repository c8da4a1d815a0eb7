import { useEffect, useRef, useState } from 'preact/hooks'
import type { OrderView } from '../../src/live/protocol.js'
import { byName, isLong } from '../lib/format.js'
import type { Hall } from '../lib/shapes.js'
import { oldestFirst, urgency } from '../live/orders-state.js'
import { s } from '../strings/language.js'
import type { Board } from './board.js'
import { type Limits, Ticket } from './ticket.js'

function rows(hall: Hall): [string, Hall['seats']][] {
  const byRow = new Map<string, Hall['seats']>()
  for (const seat of [...hall.seats].sort(byName)) {
    const row = /^\D*/.exec(seat.name)?.[0] ?? ''
    byRow.set(row, [...(byRow.get(row) ?? []), seat])
  }
  return [...byRow]
}

interface Props {
  halls: readonly Hall[]
  orders: readonly OrderView[]
  board: Board
  now: number
  limits: Limits
}

function stateOf(orders: readonly OrderView[], now: number, limits: Limits): string {
  const levels = orders
    .filter((order) => order.status !== 'placed')
    .map((order) => urgency(order, now, limits))
  if (levels.includes('late')) return 'late'
  if (orders.some((order) => order.status === 'confirmed')) return 'confirmed'
  if (orders.some((order) => order.status === 'seen')) return 'seen'
  return orders.length > 0 ? 'placed' : 'free'
}

/** The halls as they are built: rows of seats, the screen in front. A touch shows the seat's orders. */
export function SeatMap({ halls, orders, board, now, limits }: Props) {
  const [chosen, setChosen] = useState<number | null>(null)
  const place = useRef<HTMLElement>(null)
  // On a phone the seat's orders stand below the halls: a touch that shows nothing looks like one that did nothing.
  useEffect(() => {
    if (chosen !== null) place.current?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const of = (seatId: number): OrderView[] => orders.filter((order) => order.seat.id === seatId)
  const shown = chosen === null ? [] : oldestFirst(of(chosen).filter((order) => order.status !== 'placed'))
  return (
    <div class="map">
      <div class="map-halls">
        {halls.map((hall) => (
          <section key={hall.id} class="map-hall" aria-label={hall.name}>
            <h3>{hall.name}</h3>
            <p class="map-screen">{s.board.screen}</p>
            {rows(hall).map(([row, seats]) => (
              <div key={row} class="map-row">
                {seats.map((seat) => {
                  const state = stateOf(of(seat.id), now, limits)
                  return (
                    <button
                      key={seat.id}
                      type="button"
                      class="map-seat"
                      data-seat-id={seat.id}
                      data-seat-state={state}
                      data-long={isLong(seat.name)}
                      aria-pressed={chosen === seat.id}
                      aria-label={s.board.seatState(seat.name, s.board.seatStates[state] ?? state)}
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
      <section ref={place} class="map-orders board" aria-label={s.board.ofSeat}>
        {shown.map((order) => (
          <Ticket key={order.id} order={order} board={board} now={now} limits={limits} />
        ))}
        {shown.length === 0 && <p class="quiet">{s.board.pickSeat}</p>}
      </section>
    </div>
  )
}
