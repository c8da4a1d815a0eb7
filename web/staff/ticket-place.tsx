import type { OrderView } from '../../src/protocol/views.js'
import { useStore } from '../lib/store.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import type { Board } from './board.js'
import { Ticket, type TicketProps } from './ticket.js'
import type { Slot } from './ticket-slots.js'

/** Where a ticket was that was delivered or cancelled a moment ago. */
function EndedHere({ order, board, height }: { order: OrderView; board: Board; height: number }) {
  const busy = useStore(board.busy).has(order.id)
  const step = useStore(board.undoable).get(order.id)
  const seat = order.seat.name
  return (
    <section
      class="ticket-place ended-here"
      aria-label={`${order.seat.hall} ${seat}`}
      data-undo={order.id}
      style={{ minHeight: height }}
    >
      <p>
        <b>{seat}</b> {step && s.status[step === 'deliver' ? 'delivered' : 'cancelled']}
      </p>
      <button
        type="button"
        class="primary"
        data-action="undo"
        aria-label={st.board.undoFor(seat)}
        disabled={busy || !step}
        onClick={() => void board.change(order, 'undo')}
      >
        {st.board.undo}
      </button>
    </section>
  )
}

interface Props extends Omit<TicketProps, 'order'> {
  slot: Slot
}

/** A ticket, the offer to undo in its place, or the gap that it leaves while a pointer is near. */
export function TicketPlace({ slot: { order, kind, height }, ...props }: Props) {
  if (kind === 'ticket') return <Ticket order={order} {...props} />
  if (kind === 'undo') return <EndedHere order={order} board={props.board} height={height} />
  return <div class="ticket-place" data-gap={order.id} style={{ minHeight: height }} />
}
