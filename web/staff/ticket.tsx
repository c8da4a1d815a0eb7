import type { OrderView } from '../../src/live/protocol.js'
import { formatAge, isLong, plainText } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { dueSince, type Urgency, urgency } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import type { Board } from './board.js'

export interface Limits {
  maxTime: number
  minTime: number
}

function Age({
  order,
  now,
  level,
  limits,
}: {
  order: OrderView
  now: number
  level: Urgency
  limits: Limits
}) {
  const age = now - dueSince(order)
  const share = Math.min(1, Math.max(0, age / (limits.maxTime * 60_000)))
  return (
    <div class="age">
      <span class="age-clock" role="timer" aria-label={s.board.age(formatAge(age))}>
        {formatAge(age)}
      </span>
      <span class="age-note">
        {level === 'late' ? s.board.late : level === 'soon' ? s.board.soon : f.time(dueSince(order))}
      </span>
      <meter class="age-bar" min={0} max={1} value={share} aria-hidden="true" />
    </div>
  )
}

function Cash({ order, board, busy }: { order: OrderView; board: Board; busy: boolean }) {
  if (order.paymentMethod !== 'cash') return null
  if (order.paymentStatus !== 'pending') return <p class="cash taken">{s.board.cashTaken}</p>
  return (
    <p class="cash">
      <span>{s.board.cashDue(f.money(order.total))}</span>
      <button
        type="button"
        data-action="collect-cash"
        disabled={busy}
        onClick={() => void board.act(order, 'collect-cash')}
      >
        {s.board.collect}
      </button>
    </p>
  )
}

function Buttons({ order, board, busy }: { order: OrderView; board: Board; busy: boolean }) {
  const unseen = order.status === 'confirmed'
  return (
    <div class="ticket-acts">
      {unseen && (
        <button
          type="button"
          class="primary"
          data-action="seen"
          disabled={busy}
          onClick={() => void board.act(order, 'seen')}
        >
          {s.board.seen}
        </button>
      )}
      <button
        type="button"
        class={unseen ? '' : 'primary'}
        data-action="deliver"
        disabled={busy}
        onClick={() => void board.act(order, 'deliver')}
      >
        {s.board.deliver}
      </button>
    </div>
  )
}

function Foot({
  order,
  board,
  busy,
  ending,
}: {
  order: OrderView
  board: Board
  busy: boolean
  ending: boolean
}) {
  return (
    <footer class="ticket-foot">
      <p class="ticket-no">
        {s.board.number(order.id)} · {f.money(order.total)}
        {order.status === 'seen' && <span class="ticket-seen">{s.board.seenMark}</span>}
      </p>
      <a class="button icon plain" href={`/theatre/chat/#${order.id}`} data-action="chat">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 5h16v11H10l-5 4v-4H4Z" />
        </svg>
        <span class="aside-voice">{s.board.chatWith(order.seat.name)}</span>
      </a>
      <button
        type="button"
        class="icon plain"
        data-action="cancel"
        aria-label={s.board.cancelOrder(order.seat.name)}
        disabled={busy || ending}
        onClick={() => board.cancel(order)}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 6 18 18M18 6 6 18" />
        </svg>
      </button>
    </footer>
  )
}

function WayBack({ order, board, until }: { order: OrderView; board: Board; until: number }) {
  return (
    <div class="way-back" data-cancelling={order.id}>
      <p>{s.board.cancelling(Math.max(1, Math.ceil((until - Date.now()) / 1000)))}</p>
      <button type="button" class="primary" data-action="keep" onClick={() => board.keep(order.id)}>
        {s.board.keep}
      </button>
    </div>
  )
}

interface Props {
  order: OrderView
  board: Board
  now: number
  limits: Limits
}

/** One order as a ticket: the seat on the stub, what to bring below, what to do at the foot. */
export function Ticket({ order, board, now, limits }: Props) {
  const busy = useStore(board.busy).has(order.id)
  const until = useStore(board.cancelling).get(order.id)
  const level = urgency(order, now, limits)
  const title = `order-${order.id}`
  return (
    <article
      class="ticket"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys act on the ticket that has the focus
      tabIndex={0}
      aria-labelledby={title}
      aria-busy={busy}
      data-order-id={order.id}
      data-status={order.status}
      data-payment-status={order.paymentStatus}
      data-urgency={level}
    >
      <header class="stub">
        <h3 id={title} class="stub-seat">
          <span class="stub-hall">{order.seat.hall}</span>{' '}
          <span class="stub-name" data-long={isLong(order.seat.name)}>
            {order.seat.name}
          </span>
        </h3>
        <Age order={order} now={now} level={level} limits={limits} />
      </header>
      <ul class="lines">
        {order.items.map((item) => (
          <li key={item.menuItemId}>
            <b>{item.quantity}</b>
            <span>{plainText(item.name)}</span>
          </li>
        ))}
      </ul>
      <Cash order={order} board={board} busy={busy} />
      {until === undefined ? (
        <Buttons order={order} board={board} busy={busy} />
      ) : (
        <WayBack order={order} board={board} until={until} />
      )}
      <Foot order={order} board={board} busy={busy} ending={until !== undefined} />
    </article>
  )
}
