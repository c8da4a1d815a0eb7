import type { RefObject } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { Conversation } from '../chat/conversation.js'
import { createLiveOrder, type LiveOrder } from '../customer/live-order.js'
import { OrderNotices } from '../customer/order-notices.js'
import { OrderProgress } from '../customer/order-progress.js'
import { PaymentBox } from '../customer/payment-box.js'
import { orderText } from '../customer/payment-text.js'
import { useConfirming } from '../customer/reported-payment.js'
import { AnswerBelow, useUnreadAnswers } from '../customer/unread-answers.js'
import { isLong, plainText } from '../lib/format.js'
import { startAppAtSeat } from '../lib/service-worker.js'
import { isString, recall } from '../lib/storage.js'
import { useStore } from '../lib/store.js'
import { isLive } from '../live/order-facts.js'
import { f, s, setTimeZone } from '../strings/language.js'
import { Chosen } from '../ui/chosen.js'
import { LinkBadge } from '../ui/link-badge.js'
import { NetworkBanner } from '../ui/network-banner.js'
import { PageChoices } from '../ui/page-choices.js'
import { PageMessage } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const orderId = Number(/^\/orders\/([1-9]\d{0,9})\/?$/.exec(location.pathname)?.[1] ?? 0)

function Receipt({ order }: { order: OrderView }) {
  return (
    <section class="receipt" aria-label={s.order.receipt}>
      <ul>
        {order.items.map((item, place) => (
          <li key={place}>
            <b>{f.number(item.quantity)}</b>
            <span>
              {plainText(item.name)} <Chosen options={item.options} />
            </span>
            <span class="amount">{f.money(item.quantity * item.unitPrice)}</span>
          </li>
        ))}
      </ul>
      {order.note && (
        <p class="receipt-note" dir="auto">
          <b>{s.common.noteWord}: </b>
          {plainText(order.note)}
        </p>
      )}
      <p class="receipt-total">
        <span>{s.seat.total}</span> <span class="amount">{f.money(order.total)}</span>
      </p>
      {(order.paymentStatus === 'paid' || order.refundedAmount > 0) && (
        <a href={`/orders/${order.id}/receipt`} data-action="bill">
          {s.receipt.title}
        </a>
      )}
    </section>
  )
}

function StaffChat({ live, log }: { live: LiveOrder; log: RefObject<HTMLDivElement | null> }) {
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
        send={live.send}
        more={more}
        log={log}
        onOlder={() => void live.loadEarlier(messages[0]?.id)}
      />
    </section>
  )
}

function OrderPage({ live, order }: { live: LiveOrder; order: OrderView }) {
  const token = recall(`seat.${order.seat.id}`, isString)
  const confirming = useConfirming(order)
  const log = useRef<HTMLDivElement>(null)
  const unread = useUnreadAnswers(order.id, useStore(live.state).messages, log)
  const words = orderText(order, confirming)
  useEffect(() => {
    if (token) startAppAtSeat(token)
  }, [token])
  useEffect(() => {
    const title = `${words.status} · ${s.common.orderNumber(order.id)} · ${order.theatreName}`
    document.title = unread > 0 ? `(${unread}) ${title}` : title
  }, [order, words.status, unread])
  return (
    <>
      <header class="seat-head">
        <div>
          <p class="seat-theatre">{order.theatreName}</p>
          <p class="quiet">
            {order.seat.hall} · {s.common.orderNumber(order.id)}
          </p>
          <LinkBadge link={live.live.link} />
        </div>
        <p class="seat-tile" data-long={isLong(order.seat.name)}>
          <span class="visually-hidden">{s.order.seat} </span>
          {order.seat.name}
        </p>
      </header>
      <main
        class="order"
        data-order-id={order.id}
        data-status={order.status}
        data-payment-status={order.paymentStatus}
      >
        <h1 class="order-head">{words.head}</h1>
        <p class="order-next" role="status">
          {words.next}
        </p>
        <OrderProgress order={order} />
        <PaymentBox order={order} confirming={confirming} onOrder={live.showOrder} />
        <Receipt order={order} />
        <OrderNotices orderId={order.id} />
        <StaffChat live={live} log={log} />
        {token && (
          <a class="button wide" href={`/s/${encodeURIComponent(token)}`}>
            {isLive(order) ? s.order.more : s.order.again}
          </a>
        )}
        <PageChoices />
        {unread > 0 && <AnswerBelow count={unread} log={log} />}
      </main>
    </>
  )
}

function OrderNotFound() {
  return (
    <PageMessage title={s.order.notFound}>
      <p>{s.order.notFoundHelp}</p>
    </PageMessage>
  )
}

function Page() {
  const live = useMemo(() => createLiveOrder(orderId), [])
  const { order } = useStore(live.state)
  const { state } = useStore(live.live.link)
  setTimeZone(order?.timeZone)
  if (state === 'signed-out' || state === 'forbidden') return <OrderNotFound />
  return (
    <>
      <NetworkBanner link={live.live.link} />
      {order ? (
        <OrderPage live={live} order={order} />
      ) : (
        <PageMessage title={s.order.opening}>
          <LinkBadge link={live.live.link} />
        </PageMessage>
      )}
    </>
  )
}

void startPage(orderId > 0 ? Page : OrderNotFound)
