import type { ChatView, OrderView } from '../../src/protocol/views.js'
import { formatAge, isLong, plainText } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { dueSince, type Urgency, urgency } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { Chosen } from '../ui/chosen.js'
import type { Board } from './board.js'
import { moneyText } from './money-text.js'

export interface Limits {
  maxTime: number
  minTime: number
  /** the theatre's, once it is known */
  timeZone?: string
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
      <span class="age-clock" role="timer" aria-label={st.board.age(formatAge(age))}>
        {formatAge(age)}
      </span>
      <span class="age-note">
        {level === 'late'
          ? st.board.late
          : level === 'soon'
            ? st.board.soon
            : f.time(dueSince(order), limits.timeZone)}
      </span>
      <meter class="age-bar" min={0} max={1} value={share} aria-hidden="true" />
    </div>
  )
}

/** The cash to collect, or what was given back. */
function Money({ order, board, busy }: { order: OrderView; board: Board; busy: boolean }) {
  const money = moneyText(order)
  if (money === null || money.kind === 'failed') return null
  if (money.kind === 'refund') return <p class="cash refunded">{money.text}</p>
  if (money.kind === 'cash-received') return <p class="cash collected">{money.text}</p>
  return (
    <p class="cash">
      <span>{money.text}</span>
      <button
        type="button"
        data-action="collect-cash"
        disabled={busy}
        onClick={() => void board.change(order, 'collect-cash')}
      >
        {st.board.collect}
      </button>
    </p>
  )
}

function Buttons({ order, board, busy }: { order: OrderView; board: Board; busy: boolean }) {
  const unseen = order.status === 'confirmed'
  return (
    <div class="ticket-actions">
      {unseen && (
        <button
          type="button"
          class="primary"
          data-action="seen"
          disabled={busy}
          onClick={() => void board.change(order, 'seen')}
        >
          {st.board.seen}
        </button>
      )}
      <button
        type="button"
        class={unseen ? '' : 'primary'}
        data-action="deliver"
        disabled={busy}
        onClick={() => void board.change(order, 'deliver')}
      >
        {st.board.deliver}
      </button>
    </div>
  )
}

/** What the customer has written for the kitchen, an allergy perhaps. */
function Note({ note }: { note: string | null }) {
  if (!note) return null
  return (
    <p class="ticket-note" dir="auto">
      <b>{s.common.noteWord}: </b>
      {plainText(note)}
    </p>
  )
}

/** The last words of the customer that nobody has read. */
function UnreadChat({ chat }: { chat: ChatView | undefined }) {
  if (!chat || chat.unread === 0 || !chat.lastMessage) return null
  return (
    <a class="ticket-chat" href={`/theatre/chat/#${chat.id}`} data-unread={chat.unread}>
      <span class="badge">
        {chat.unread}
        <span class="visually-hidden"> {s.chat.unreadWord}</span>
      </span>
      <span class="ticket-chat-words" dir="auto">
        {plainText(chat.lastMessage.text)}
      </span>
    </a>
  )
}

function Foot({ order, board, busy }: { order: OrderView; board: Board; busy: boolean }) {
  return (
    <footer class="ticket-footer">
      <p class="ticket-no">
        {s.common.orderNumber(order.id)} · {f.money(order.total)}
        {order.status === 'seen' && <span class="ticket-seen">{st.board.seenMark}</span>}
      </p>
      <a class="button icon plain" href={`/theatre/chat/#${order.id}`} data-action="chat">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 5h16v11H10l-5 4v-4H4Z" />
        </svg>
        <span class="visually-hidden">{st.board.chatWith(order.seat.name)}</span>
      </a>
      <button
        type="button"
        class="icon plain"
        data-action="cancel"
        aria-label={st.board.cancelOrder(order.seat.name)}
        disabled={busy}
        onClick={() => void board.change(order, 'cancel')}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 6 18 18M18 6 6 18" />
        </svg>
      </button>
    </footer>
  )
}

export interface TicketProps {
  order: OrderView
  board: Board
  now: number
  limits: Limits
  /** the conversations of the orders that have one */
  chats: ReadonlyMap<number, ChatView>
}

/** One order: its seat on the stub, the items to bring, and the buttons. */
export function Ticket({ order, board, now, limits, chats }: TicketProps) {
  const busy = useStore(board.busy).has(order.id)
  const level = urgency(order, now, limits)
  const title = `order-${order.id}`
  return (
    <article
      class="ticket"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard shortcuts act on the focused ticket
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
        {order.items.map((item, place) => (
          <li key={place}>
            <b>{item.quantity}</b>
            <span>
              {plainText(item.name)} <Chosen options={item.options} />
            </span>
          </li>
        ))}
      </ul>
      <Note note={order.note} />
      <UnreadChat chat={chats.get(order.id)} />
      <Money order={order} board={board} busy={busy} />
      <Buttons order={order} board={board} busy={busy} />
      <Foot order={order} board={board} busy={busy} />
    </article>
  )
}
