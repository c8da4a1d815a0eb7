import { useEffect, useMemo } from 'preact/hooks'
import type { OrderView } from '../../src/live/protocol.js'
import { Conversation } from '../chat/conversation.js'
import { createLiveOrder, type LiveOrder } from '../customer/live-order.js'
import { Progress } from '../customer/order-progress.js'
import { PaymentBox } from '../customer/payment-box.js'
import { text } from '../lib/decode.js'
import { isLong, plainText } from '../lib/format.js'
import { recall } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { isLive } from '../live/orders-state.js'
import { f, s } from '../strings/language.js'
import { LinkBadge } from '../ui/link-badge.js'
import { FullNote } from '../ui/problem.js'
import { start } from '../ui/start-page.js'

const orderId = Number(/^\/orders\/([1-9]\d{0,9})\/?$/.exec(location.pathname)?.[1] ?? 0)

function Receipt({ order }: { order: OrderView }) {
  return (
    <section class="receipt" aria-label={s.order.receipt}>
      <ul>
        {order.items.map((item) => (
          <li key={item.menuItemId}>
            <b>{f.number(item.quantity)}</b>
            <span>{plainText(item.name)}</span>
            <span class="amount">{f.money(item.quantity * item.unitPrice)}</span>
          </li>
        ))}
      </ul>
      <p class="receipt-total">
        <span>{s.seat.total}</span> <span class="amount">{f.money(order.total)}</span>
      </p>
    </section>
  )
}

function Ask({ live }: { live: LiveOrder }) {
  const { messages } = useStore(live.state)
  const more = useStore(live.more)
  return (
    <section class="ask" aria-labelledby="ask-title">
      <h2 id="ask-title">{s.chat.ask}</h2>
      <Conversation
        chat={live.id}
        side="customer"
        messages={messages}
        outbox={live.outbox}
        say={live.say}
        more={more}
        onOlder={() => void live.older(messages[0]?.id)}
      />
    </section>
  )
}

function OrderPage({ live, order }: { live: LiveOrder; order: OrderView }) {
  const token = recall(`seat.${order.seat.id}`, text)
  useEffect(() => {
    document.title = `${s.status[order.status]} · ${s.board.number(order.id)} · ${order.theatreName}`
  }, [order])
  return (
    <>
      <header class="seat-head">
        <div>
          <p class="seat-theatre">{order.theatreName}</p>
          <p class="quiet">
            {order.seat.hall} · {s.board.number(order.id)}
          </p>
          <LinkBadge link={live.live.link} />
        </div>
        <p class="seat-tile" data-long={isLong(order.seat.name)}>
          <span class="aside-voice">{s.order.seat} </span>
          {order.seat.name}
        </p>
      </header>
      <main
        class="order"
        data-order-id={order.id}
        data-status={order.status}
        data-payment-status={order.paymentStatus}
      >
        <h1 class="order-head">{s.order.head[order.status](order)}</h1>
        <p class="order-next">{s.order.next[order.status](order)}</p>
        <Progress order={order} />
        <PaymentBox order={order} onStale={() => live.live.client.wake()} />
        <Receipt order={order} />
        <Ask live={live} />
        {token && (
          <a class="button wide" href={`/s/${encodeURIComponent(token)}`}>
            {isLive(order) ? s.order.more : s.order.another}
          </a>
        )}
      </main>
    </>
  )
}

function Page() {
  const live = useMemo(() => createLiveOrder(orderId), [])
  const { order } = useStore(live.state)
  const { state } = useStore(live.live.link)
  if (state === 'signed-out' || state === 'forbidden') {
    return (
      <FullNote title={s.order.unknown}>
        <p>{s.order.unknownHelp}</p>
      </FullNote>
    )
  }
  if (order) return <OrderPage live={live} order={order} />
  return (
    <FullNote title={s.order.opening}>
      <LinkBadge link={live.live.link} />
    </FullNote>
  )
}

function NoSuchOrder() {
  return (
    <FullNote title={s.order.unknown}>
      <p>{s.order.unknownHelp}</p>
    </FullNote>
  )
}

void start(orderId > 0 ? Page : NoSuchOrder)
